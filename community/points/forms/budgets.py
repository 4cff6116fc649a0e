"""The form of a budget's move: more or less, how much, for which year, at which price, by which resolution."""

from __future__ import annotations

from wtforms import IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange

from community.core import clock
from community.core.i18n import _
from community.core.web.forms import Form

# What fits a budget and is no slip of the finger.
MOST_POINTS = 100_000_000
MOST_FEN = 10_000
_POINTS = _("请填 1 以上的整数")


class MoveForm(Form):
    """A raise or a cut. The price is typed as yuan for a hundred points, which is fen for one."""

    direction = RadioField(
        _("增加还是减少"),
        [InputRequired()],
        choices=[SelectChoice("more", _("增加")), SelectChoice("less", _("减少"))],
        default="more",
    )
    amount = IntegerField(_("多少分"), [InputRequired(_POINTS), NumberRange(1, MOST_POINTS, _POINTS)])
    year = SelectField(_("哪一年"), coerce=int)
    fen_per_point = IntegerField(
        _("每 100 分合几元"), [InputRequired(_("请填整数，例如 10")), NumberRange(1, MOST_FEN, _("请填整数，例如 10"))]
    )
    resolution = StringField(_("哪个决议定的"), [InputRequired(_("请写是哪个决议定的"))])

    def prepare(self, price: int) -> MoveForm:
        """Offer this year and the next, and the price as it was last decided."""
        year = clock.today().year
        self.year.choices = [SelectChoice(one, str(one)) for one in (year, year + 1)]
        if not self.is_submitted():
            self.fen_per_point.data = price or None
        return self

    def change(self) -> int:
        """Return by how many points the budget changes."""
        amount = self.amount.data or 0
        return -amount if self.direction.data == "less" else amount
