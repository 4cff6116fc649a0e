"""A Redis that this project's tests play themselves: the protocol over a real socket, and the few commands that count.

It runs no Lua. The one script that the rate limits send to count is known here by its text, and done in Python.
"""

import hashlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from limits.storage import RedisStorage


def _sha(text: str | bytes) -> str:
    # The protocol names scripts so.
    return hashlib.sha1(text.encode() if isinstance(text, str) else text, usedforsecurity=False).hexdigest()


_COUNT = _sha(RedisStorage.SCRIPT_INCR_EXPIRE)


class Redis:
    """What is counted: `counts` by key, each until `ends`. `asked` are the commands that came in, in order."""

    def __init__(self, password: str = "") -> None:
        self.password = password
        self.counts: dict[str, int] = {}
        self.ends: dict[str, float] = {}
        self.asked: list[str] = []
        self.silent = False
        self._scripts: set[str] = set()
        self._turn = threading.Lock()

    def answer(self, words: list[str], known: bool) -> bytes:
        """Do one command and return its answer as it goes over the wire; `known` says whether a password was given."""
        name = words[0].upper()
        with self._turn:
            self.asked.append(name)
            if name == "AUTH":
                return b"+OK\r\n" if words[-1] == self.password else b"-WRONGPASS invalid password\r\n"
            if self.password and not known:
                return b"-NOAUTH Authentication required.\r\n"
            return getattr(self, f"_{name.lower()}", self._unknown)(*words[1:])

    def _unknown(self, *_words: str) -> bytes:
        return b"-ERR unknown command\r\n"

    def _client(self, *_words: str) -> bytes:
        return b"+OK\r\n"

    _select = _client

    def _ping(self, *_words: str) -> bytes:
        return b"+PONG\r\n"

    def _get(self, key: str) -> bytes:
        self._forget()
        text = str(self.counts[key]) if key in self.counts else None
        return b"$-1\r\n" if text is None else f"${len(text)}\r\n{text}\r\n".encode()

    def _ttl(self, key: str) -> bytes:
        self._forget()
        return b":%d\r\n" % (round(self.ends[key] - time.monotonic()) if key in self.ends else -2)

    def _del(self, *keys: str) -> bytes:
        return b":%d\r\n" % sum(self.counts.pop(key, None) is not None for key in keys)

    def _script(self, _load: str, text: str) -> bytes:
        sha = _sha(text)
        self._scripts.add(sha)
        return f"$40\r\n{sha}\r\n".encode()

    def _evalsha(self, sha: str, _keys: str, key: str, expiry: str, amount: str) -> bytes:
        if sha not in self._scripts:
            return b"-NOSCRIPT No matching script.\r\n"
        if sha != _COUNT:
            return b"-ERR a script that nobody plays here\r\n"
        self._forget()
        self.counts[key] = self.counts.get(key, 0) + int(amount)
        if self.counts[key] == int(amount):
            self.ends[key] = time.monotonic() + int(expiry)
        return b":%d\r\n" % self.counts[key]

    def _forget(self) -> None:
        for key in [key for key, end in self.ends.items() if end <= time.monotonic()]:
            self.counts.pop(key, None)
            self.ends.pop(key)


class _Connection(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        known = False
        while (line := self.rfile.readline()) and line.startswith(b"*"):
            words = []
            for _ in range(int(line[1:])):
                length = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(length + 2)[:-2].decode())
            if self.server.redis.silent:
                continue
            told = self.server.redis.answer(words, known)
            known = known or (words[0].upper() == "AUTH" and told.startswith(b"+"))
            self.wfile.write(told)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, redis: Redis, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.redis = redis
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """End every connection, as a server that dies does."""
        self.shutdown()
        self.server_close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def running(redis: Redis, port: int = 0) -> Iterator[str]:
    """Serve `redis` on this machine inside the block (on a free port unless told one); gives its address."""
    server = _Server(redis, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    word = f":{redis.password}@" if redis.password else ""
    try:
        yield f"redis://{word}127.0.0.1:{server.server_address[1]}/0"
    finally:
        server.hang_up()
        thread.join()
