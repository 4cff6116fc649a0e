"""The form of a member's choice to be named on the board; the service checks what it carries."""

from __future__ import annotations

from wtforms import HiddenField, StringField
from wtforms.validators import Length, Optional

from community.core.i18n import _
from community.core.web.forms import Form
from community.points.services.showing import ALIAS_LONGEST


class AliasForm(Form):
    """What she wants to be called; nothing for her masked name."""

    alias = StringField(_("化名"), [Optional(), Length(max=ALIAS_LONGEST, message=_("最多 12 个字"))])


class TakeDownForm(Form):
    """Why an alias is taken off the board; the service checks the words."""

    # Which; a word names nobody, and is on the board for everybody.
    alias = HiddenField()
    reason = StringField(_("理由"))
