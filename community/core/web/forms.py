"""The form that rooms build on: when its page lay open too long, it says so in the reader's words and stays filled."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.csrf import _FlaskFormCSRF
from wtforms.validators import ValidationError

from community.core.i18n import _, plain


class _PatientToken(_FlaskFormCSRF):
    """The check of Flask-WTF, with an answer that a person can act on."""

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        try:
            super().validate_csrf_token(form, field)
        except ValidationError:
            raise ValidationError(plain(_("页面放久了，没有提交。您填的都在，请再点一次。"))) from None


class Form(FlaskForm):
    """A form with the hidden token of its session; views of it carry `@security.refills`."""

    class Meta(FlaskForm.Meta):
        csrf_class = _PatientToken
