"""Where bytes are kept: the folder, bucket or memory that STORAGE_URL names, through fsspec.

Names are relative, made by this program, and never taken from a person. A file is whole before anybody knows its name.
"""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from community.core.config import settings


class StorageFault(OSError):
    """The storage cannot be reached, or lost what it was given."""


def place() -> tuple[Any, str]:
    """Return the file system of STORAGE_URL and the path of its folder there."""
    configured = settings()
    filesystem, root = fsspec.core.url_to_fs(configured.storage_url or f"file://{configured.instance_dir}/uploads")
    return filesystem, str(root).rstrip("/")


def write(name: str, data: bytes) -> None:
    """Keep `data` as `name`, which must be new, and be sure of it before returning."""
    filesystem, root = place()
    path = f"{root}/{name}"
    if isinstance(filesystem, LocalFileSystem):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with filesystem.open(path, "wb") as file:
        file.write(data)
        _settle(file)


def _settle(file: Any) -> None:
    """Ask the disk to have it: the row that names it will be on the disk too. Object stores have no such thing."""
    with suppress(OSError, AttributeError, io.UnsupportedOperation):
        file.flush()
        os.fsync(file.fileno())


def read(name: str) -> bytes:
    """Return what is kept as `name`; raises FileNotFoundError when nothing is."""
    filesystem, root = place()
    return bytes(filesystem.cat_file(f"{root}/{name}"))


def opened(name: str) -> IO[bytes]:
    """Return what is kept as `name`, opened for reading piece by piece; raises FileNotFoundError when nothing is."""
    filesystem, root = place()
    file: IO[bytes] = filesystem.open(f"{root}/{name}", "rb")
    return file


def remove(name: str) -> None:
    """Forget what is kept as `name`; nothing happens when nothing is."""
    filesystem, root = place()
    with suppress(FileNotFoundError):
        filesystem.rm_file(f"{root}/{name}")


def names(folder: str) -> Iterator[tuple[str, dt.datetime]]:
    """Yield (name, when it was written) of everything kept in `folder`."""
    filesystem, root = place()
    filesystem.invalidate_cache()
    with suppress(FileNotFoundError):
        for path, told in sorted(filesystem.find(f"{root}/{folder}", detail=True).items()):
            written = filesystem.modified(path) if "mtime" not in told else told["mtime"]
            at = written if isinstance(written, dt.datetime) else dt.datetime.fromtimestamp(written, dt.UTC)
            yield path[len(root) + 1 :] if path.startswith(root) else path, at


def check() -> str:
    """Return where things are kept, after having written, read and removed something there; raises StorageFault."""
    filesystem, root = place()
    name, text = f"doctor/{os.getpid()}", b"linli"
    try:
        write(name, text)
        if read(name) != text:
            raise StorageFault(f"{root} gives back something else than it was given")
        remove(name)
    except Exception as error:  # a driver of somebody else's raises what it likes
        raise StorageFault(f"{root} cannot be used: {error}") from error
    return f"{filesystem.protocol if isinstance(filesystem.protocol, str) else filesystem.protocol[0]} {root}"
