"""The form that rooms build on."""

from __future__ import annotations

from wtforms import StringField

from community.core.web.forms import Form


class NameForm(Form):
    name = StringField()


def test_a_form_whose_session_ended_says_so_and_stays_filled(app):
    with app.test_request_context("/", method="POST", data={"name": "王芳"}):
        form = NameForm()
        assert not form.validate_on_submit()
        assert "您填的都在" in str(form.errors["csrf_token"][0])
        assert form.name.data == "王芳"


def test_a_form_with_its_token_passes(app):
    with app.test_request_context("/", method="POST", data={"name": "王芳"}) as context:
        token = NameForm().csrf_token.current_token
        context.request.form = {"name": "王芳", "csrf_token": token}
        form = NameForm(formdata=None, data={"name": "王芳", "csrf_token": token})
        form.csrf_token.data = token
        assert form.validate()
