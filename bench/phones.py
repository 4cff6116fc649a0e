"""Many phones behind a proxy's keep-alive connections: one loop that posts prepared requests and times the answers.

Two ways to post. At full speed each connection sends its next request as soon as it has the last answer. On a schedule
requests are due at given instants whatever the server does, and time counts from the due instant: a server that stalls
cannot hide it by being asked less (coordinated omission).
"""

from __future__ import annotations

import gc
import random
import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_RECONNECT_SECONDS = 0.05
_PARTS = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status, the redirect's target and how long it took."""

    status: int
    location: str
    seconds: float


@dataclass(slots=True)
class Run:
    """A finished run: the answers in the order of the requests, its whole time, and how often a request was resent."""

    answers: list[Answer]
    seconds: float
    resent: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time (seconds) within which `share` (0 to 1) of the answers came."""
        times = sorted(answer.seconds for answer in self.answers)
        return times[min(len(times) - 1, int(share * len(times)))]


@dataclass(slots=True)
class _Line:
    """One connection; `asked` is the number of the request it waits for."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    asked: int = -1
    begun: float = 0.0


class Unanswered(RuntimeError):
    """The server did not answer everything in time."""


def full_speed(port: int, requests: Sequence[bytes], *, lines: int, patience: float = 60.0) -> Run:
    """Post `requests` over `lines` connections to a loopback port as fast as answers come."""
    return _Phones(port, requests, lines, patience).run(None)


def scheduled(port: int, requests: Sequence[bytes], *, rate: float, lines: int, seed: int = 1) -> Run:
    """Post `requests` at random instants, `rate` a second on average; the same seed gives the same instants."""
    chance, at, due = random.Random(seed), 0.0, []
    for _ in requests:
        at += chance.expovariate(rate)
        due.append(at)
    return _Phones(port, requests, lines, patience=at + 60.0).run(due)


def until_acknowledged(
    port: int,
    requests: Sequence[bytes],
    *,
    lines: int,
    done: Callable[[Answer], bool],
    patience: float = 120.0,
    on_progress: Callable[[int], None] = lambda _count: None,
) -> Run:
    """Post each request, and post it again, unchanged, after a broken connection or an answer that is not `done`.

    `on_progress` is told how many are done after each one. Raises Unanswered when `patience` seconds are over.
    """
    phones = _Phones(port, requests, lines, patience)
    phones.done, phones.on_progress, phones.stubborn = done, on_progress, True
    return phones.run(None)


class _Phones:
    def __init__(self, port: int, requests: Sequence[bytes], lines: int, patience: float) -> None:
        self.port, self.requests, self.patience = port, requests, patience
        self.done: Callable[[Answer], bool] = lambda _answer: True
        self.on_progress: Callable[[int], None] = lambda _count: None
        self.stubborn = False
        self.selector = selectors.DefaultSelector()
        self.answers: list[Answer | None] = [None] * len(requests)
        self.answered = self.resent = 0
        self.waiting = deque(range(len(requests)))
        self.idle: deque[_Line] = deque()
        self.wanted = lines
        self.open = 0
        self.due: Sequence[float] | None = None
        self.began = 0.0

    def run(self, due: Sequence[float] | None) -> Run:
        self.due = due
        while self.open < self.wanted:
            self._connect()
        gc.collect()
        gc.disable()
        try:
            self.began = time.perf_counter()
            while self.answered < len(self.requests):
                self._turn()
            seconds = time.perf_counter() - self.began
        finally:
            gc.enable()
            for key in list(self.selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            self.selector.close()
        return Run([answer for answer in self.answers if answer], seconds, self.resent)

    def _turn(self) -> None:
        now = time.perf_counter() - self.began
        if now > self.patience:
            raise Unanswered(f"{self.answered} of {len(self.requests)} answered in {now:.0f} s")
        while self.open < self.wanted:
            if not self._connect():
                break
        while self.idle and self.waiting and (self.due is None or self.due[self.waiting[0]] <= now):
            self._ask(self.idle.popleft(), self.waiting.popleft())
        pause = _RECONNECT_SECONDS
        if self.due is not None and self.idle and self.waiting:
            pause = max(0.0, min(pause, self.due[self.waiting[0]] - now))
        for key, _ in self.selector.select(pause):
            self._hear(key.data)

    def _connect(self) -> bool:
        try:
            opened = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        except OSError:
            if not self.stubborn:
                raise
            time.sleep(_RECONNECT_SECONDS)
            return False
        opened.settimeout(None)  # the selector says when there is something to read
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(opened)
        self.selector.register(opened, selectors.EVENT_READ, line)
        self.idle.append(line)
        self.open += 1
        return True

    def _ask(self, line: _Line, number: int) -> None:
        line.asked = number
        line.begun = self.began + self.due[number] if self.due is not None else time.perf_counter()
        try:
            line.socket.sendall(self.requests[number])
        except OSError:
            self._broken(line)

    def _hear(self, line: _Line) -> None:
        try:
            part = line.socket.recv(_PARTS)
        except OSError:
            part = b""
        if not part:
            self._broken(line)
            return
        line.received += part
        parsed = _parse(line.received)
        if parsed is None:
            return
        answer = Answer(*parsed, time.perf_counter() - line.begun)
        number, line.asked = line.asked, -1
        line.received.clear()
        self.idle.append(line)
        if self.done(answer):
            self.answers[number] = answer
            self.answered += 1
            self.on_progress(self.answered)
        else:
            self._again(number)

    def _broken(self, line: _Line) -> None:
        self.selector.unregister(line.socket)
        line.socket.close()
        self.open -= 1
        if line in self.idle:
            self.idle.remove(line)
        if line.asked >= 0:
            if not self.stubborn:
                raise Unanswered(f"the server hung up on request {line.asked}")
            self._again(line.asked)

    def _again(self, number: int) -> None:
        self.resent += 1
        self.waiting.append(number)


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]*)", re.IGNORECASE)


def _parse(received: bytearray) -> tuple[int, str] | None:
    """Return (status, location) once the answer is whole; answers here always say their length."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    length, location = _LENGTH.search(received, 0, head_end), _LOCATION.search(received, 0, head_end)
    if length and len(received) < head_end + 4 + int(length[1]):
        return None
    return int(received[9:12]), location[1].decode("latin-1") if location else ""
