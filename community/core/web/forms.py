"""The form that rooms build on: when its page lay open too long, it says so in the reader's words and stays filled."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.csrf import _FlaskFormCSRF
from wtforms.validators import ValidationError

from community.core.i18n import _, plain
from community.core.web import tokens


class _PatientToken(_FlaskFormCSRF):
    """The check of Flask-WTF on the masked token, with an answer that a person can act on."""

    def generate_csrf_token(self, csrf_token_field: Any) -> str:  # noqa: ARG002 - the fixed form of WTForms
        return tokens.shown()

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        field.data = tokens.bare(field.data)
        try:
            super().validate_csrf_token(form, field)
        except ValidationError:
            raise ValidationError(plain(_("页面放久了，没有提交。您填的都在，请再点一次。"))) from None


class Form(FlaskForm):
    """A form with the hidden token of its session; views of it carry `@security.refills`."""

    class Meta(FlaskForm.Meta):
        csrf_class = _PatientToken
