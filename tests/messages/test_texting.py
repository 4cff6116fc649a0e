"""Text messages through a gateway that speaks the documented protocol: signed, retried, never to elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from community.core.db import session, transaction
from community.messages import channels, jobs, texting
from community.messages.channels import Undeliverable
from community.messages.models import Outbox
from community.people import phones
from community.people.models import SignInCode
from tests.factories.people import make_member
from tests.harness.gateway import KEY_ID, SECRET, running_gateway

NUMBER = "+8619900000001"


@pytest.fixture
def gateway():
    with running_gateway() as running:
        yield running


@pytest.fixture
def sms(gateway, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return texting.SmsGateway(gateway.url, KEY_ID, SECRET)


@pytest.fixture
def wired(app, frozen_clock, sms):
    channels.wire(sms, texting.SignInTexts(sms))
    yield sms
    channels.wire(channels.ConsoleChannel())


def ask(number=NUMBER, key="k"):
    with transaction():
        texting.ask(phones.encrypt(number), [], key)


def test_a_text_arrives_signed_and_once_for_its_key(sms, gateway, app):
    for _ in range(2):
        sms.send("k1", {"to": NUMBER, "text": "您好", "template": "t", "params": {"code": "1"}})
    assert gateway.texts == [{"id": "k1", "to": NUMBER, "text": "您好", "template": "t", "params": {"code": "1"}}]
    assert gateway.faults == []


def test_another_secret_is_refused_and_tried_again(gateway, sms, app):
    with pytest.raises(texting.GatewayFailed, match="401"):
        texting.SmsGateway(gateway.url, KEY_ID, SECRET + "x").send("k", {"to": NUMBER})
    assert gateway.texts == []


@pytest.mark.parametrize("status", [400, 404, 422])
def test_what_the_gateway_refuses_for_good_is_not_tried_again(sms, gateway, app, status):
    gateway.answers = [status]
    with pytest.raises(Undeliverable):
        sms.send("k", {"to": NUMBER})


@pytest.mark.parametrize("status", [429, 500, 503, 302])
def test_what_may_be_mended_is_tried_again(sms, gateway, app, status):
    gateway.answers = [status]
    with pytest.raises(texting.GatewayFailed):
        sms.send("k", {"to": NUMBER})
    assert gateway.texts == []


def test_a_gateway_that_is_away_is_tried_again(app):
    with pytest.raises(texting.GatewayFailed, match="cannot be reached"):
        texting.SmsGateway("http://127.0.0.1:1/send", KEY_ID, SECRET).send("k", {"to": NUMBER})


def test_a_code_is_made_and_sent_by_the_job_and_its_digits_are_nowhere_else(wired, gateway):
    with transaction():
        make_member(**phones.columns(NUMBER))
    ask()
    assert session().scalars(select(SignInCode)).all() == []
    assert jobs.send_due() == 1
    [text] = gateway.texts
    assert text["to"] == NUMBER
    assert gateway.last_code in text["text"]
    assert (text["template"], text["params"]["minutes"]) == ("sign_in_text", "10")
    kept = session().scalars(select(Outbox)).one()
    assert gateway.last_code not in str(kept.payload)
    assert NUMBER not in str(kept.payload)


def test_nothing_leaves_for_a_number_that_is_nobodys(wired, gateway):
    with transaction():
        make_member(verified=False, **phones.columns(NUMBER))
    ask()
    assert jobs.send_due() == 1
    assert gateway.texts == []
    assert session().scalars(select(SignInCode)).all() == []


def test_a_failed_try_brings_a_new_code_later(wired, gateway, frozen_clock):
    with transaction():
        make_member(**phones.columns(NUMBER))
    gateway.answers = [503]
    ask()
    assert jobs.send_due() == 0
    frozen_clock.tick(minutes=1)
    assert jobs.send_due() == 1
    assert len(gateway.texts) == 1
    assert len(session().scalars(select(SignInCode)).all()) == 2


def test_what_was_asked_for_too_long_ago_is_given_up(wired, gateway, frozen_clock):
    with transaction():
        make_member(**phones.columns(NUMBER))
    ask()
    frozen_clock.tick(minutes=11)
    assert jobs.send_due() == 0
    assert gateway.texts == []
    assert session().scalars(select(Outbox)).one().dead_at is not None


def test_without_an_address_there_is_no_channel(app):
    plain = app.extensions["linli_settings"]
    assert texting.configured(plain) == ()
    named = texting.configured(replace(plain, sms_url="https://sms.example.org/send", sms_key_id="a", sms_secret="b"))
    assert [channel.name for channel in named] == ["sms", "sign_in_text"]
    assert not texting.ready()
