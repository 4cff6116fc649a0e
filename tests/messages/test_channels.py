"""The console channel says that something would have left, and its content only in the demo."""

from typing import Any

import pytest

from community.messages import channels


class Log:
    """Remembers what was logged; the program's own may be set to say less."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **values: Any) -> None:
        self.lines.append({"event": event, **values})


@pytest.mark.parametrize(("verbose", "shown"), [(True, {"payload": {"text": "1234"}}), (False, {})])
def test_the_console_shows_contents_in_the_demo_only(
    verbose: bool, shown: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(channels, "log", log)
    channels.ConsoleChannel(verbose=verbose).send("sms:1", {"text": "1234"})
    assert log.lines == [{"event": "message_sent", "channel": "console", "key": "sms:1", **shown}]


def test_only_configured_channels_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("community.messages.channels._channels", {})
    channels.wire(channels.ConsoleChannel())
    assert channels.get("console")
    assert channels.get("sms") is None
