"""Text messages through an HTTP gateway, and the one kind that is sent: a one-time code for signing in.

The gateway is spoken to in one plain way (docs/operations.md, "Text messages"): a JSON POST signed with HMAC-SHA256.
A carrier's own interface is reached through a small program that speaks both.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from community.core import clock
from community.core.config import Settings
from community.core.db import transaction
from community.core.i18n import _
from community.messages import channels, services
from community.messages.channels import Undeliverable
from community.people import codes, phones

GATEWAY = "sms"
SIGN_IN = "sign_in_text"
SECONDS = 15
# What the other side says of this very message, for good; anything else may be mended and is tried again.
_REFUSED = {400, 404, 410, 413, 415, 422}


class GatewayFailed(Exception):
    """The gateway did not take the message this time."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A number and a code go to the configured address and nowhere else."""

    def redirect_request(self, *_answer: Any) -> None:
        raise GatewayFailed("the gateway answered with another address")


class SmsGateway:
    """Posts {"id", "to", "text", "template", "params"} as JSON; the headers name the key and sign time, id and body."""

    name = GATEWAY

    def __init__(self, url: str, key_id: str, secret: str) -> None:
        self._url, self._key_id, self._secret = url, key_id, secret.encode()
        self._opener = urllib.request.build_opener(_NoRedirects)

    def send(self, key: str, payload: Mapping[str, Any]) -> None:
        """Send the text `payload` under the idempotency key `key`. Raises Undeliverable, or GatewayFailed for now."""
        body = json.dumps({"id": key, **payload}, ensure_ascii=False, separators=(",", ":")).encode()
        at = str(int(clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": key,
            "X-Linli-Key": self._key_id,
            "X-Linli-Time": at,
            "X-Linli-Signature": signature(self._secret, at, key, body),
        }
        request = urllib.request.Request(self._url, data=body, headers=headers, method="POST")  # noqa: S310 - checked by Settings
        try:
            with self._opener.open(request, timeout=SECONDS):
                return
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.code in _REFUSED:
                    raise Undeliverable(f"the gateway refused it: {answer.code}") from None
            raise GatewayFailed(f"the gateway answered {answer.code}") from None
        except OSError as error:
            raise GatewayFailed(f"the gateway cannot be reached: {type(error).__name__}") from None


class SignInTexts:
    """Turns "somebody asked for a code for this number" into a text, or into nothing when it is nobody's."""

    name = SIGN_IN

    def __init__(self, gateway: channels.Channel) -> None:
        self._gateway = gateway

    def send(self, key: str, payload: Mapping[str, Any]) -> None:  # noqa: ARG002 - each try is a code, and a text, of its own
        """Make the code and send it. Raises Undeliverable when it was asked for longer ago than a code lives."""
        if clock.now() - dt.datetime.fromisoformat(payload["asked_at"]) > codes.LIFE:
            raise Undeliverable("asked for too long ago")
        hashes = phones.phone_hashes(phones.decrypt(payload["phone"]))
        with transaction():
            made = codes.for_number(hashes, payload["known"])
        if made is None:
            return
        code_id, e164, code = made
        minutes = int(codes.LIFE.total_seconds() // 60)
        told = _("登录口令 %(code)s，%(minutes)s 分钟内有效。不是您本人在登录，请不要告诉任何人。")
        text = str(told) % {"code": code, "minutes": minutes}
        self._gateway.send(
            f"{SIGN_IN}:{code_id}",
            {"to": e164, "text": text, "template": SIGN_IN, "params": {"code": code, "minutes": str(minutes)}},
        )


def configured(settings: Settings) -> tuple[channels.Channel, ...]:
    """Return the channels of the gateway that `settings` name; none when they name none."""
    if not settings.sms_url:
        return ()
    gateway = SmsGateway(settings.sms_url, settings.sms_key_id, settings.sms_secret)
    return gateway, SignInTexts(gateway)


def ready() -> bool:
    """Say whether this deployment can send texts."""
    return channels.get(SIGN_IN) is not None


def ask(cipher: str, known: list[int], key: str) -> None:
    """Note, in the current transaction, that a code was asked for by text; a job makes and sends it."""
    asked = {"phone": cipher, "known": known, "asked_at": clock.now().isoformat()}
    services.send_later(SIGN_IN, key, asked)


def signature(secret: bytes, at: str, key: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 of "time, newline, id, newline, body" under `secret`."""
    return hmac.new(secret, f"{at}\n{key}\n".encode() + body, hashlib.sha256).hexdigest()
