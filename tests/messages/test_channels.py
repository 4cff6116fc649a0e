"""The console channel says that something would have left, and its content only in the demo."""

import pytest
import structlog

from community.messages.channels import ConsoleChannel, get, wire


@pytest.mark.parametrize(("verbose", "shown"), [(True, {"payload": {"text": "1234"}}), (False, {})])
def test_the_console_shows_contents_in_the_demo_only(verbose: bool, shown: dict[str, object]) -> None:
    with structlog.testing.capture_logs() as lines:
        ConsoleChannel(verbose=verbose).send("sms:1", {"text": "1234"})
    (line,) = lines
    assert line == {"event": "message_sent", "log_level": "info", "channel": "console", "key": "sms:1", **shown}


def test_only_configured_channels_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("community.messages.channels._channels", {})
    wire(ConsoleChannel())
    assert get("console")
    assert get("sms") is None
