"""A text-message gateway that speaks the protocol of docs/operations.md, for tests: it checks and keeps what comes."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY_ID, SECRET = "linli-tests", "k3Vq9xWm2Zp7Lr5Tn8Yb4Hd6Js1Fg0Ca"


@dataclass
class Gateway:
    """What came in: each text as a dict, by its id once; `answers` are statuses to give before the usual 200."""

    url: str = ""
    texts: list[dict[str, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Check a request as a gateway must and return the status to answer with."""
        signed = f"{headers.get('x-linli-time', '')}\n{headers.get('idempotency-key', '')}\n".encode() + body
        wanted = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if headers.get("x-linli-key") != KEY_ID or not hmac.compare_digest(
            wanted, headers.get("x-linli-signature", "")
        ):
            self.faults.append("wrong signature")
            return 401
        status = self.answers.pop(0) if self.answers else 200
        text = json.loads(body)
        if status == 200 and text["id"] not in {known["id"] for known in self.texts}:
            self.texts.append(text)
        return status

    @property
    def last_code(self) -> str:
        """The code of the newest text."""
        return str(self.texts[-1]["params"]["code"])


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    """Serve a gateway on a free port of this machine inside the block."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = gateway.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", gateway.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_port}/send"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
