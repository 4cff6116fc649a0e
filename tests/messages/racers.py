"""What the processes of these tests do."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from community.messages import channels, jobs
from tests.harness.processes import hear, say


class FileChannel:
    """Takes a moment, then writes the key down where the test reads it."""

    name = "file"

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def send(self, key: str, payload: Mapping[str, Any]) -> None:
        """Append the key; a payload with "hold" stops after it left and before it is marked."""
        time.sleep(0.005)
        with self._path.open("a") as file:
            file.write(f"{key}\n")
        if payload.get("hold"):
            say("left", key)
            hear()


def send_all(_number: int, path: str) -> int:
    """Send everything that is due; return how many this process sent."""
    channels.wire(FileChannel(path))
    return jobs.send_due()
