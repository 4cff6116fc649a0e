"""Bring named files of an npm package into static/vendor/, checked and written down, so that no user needs Node.

    python tools/vendor.py add qr-scanner@1.4.2 qr-scanner.min.js qr-scanner-worker.min.js

`npm pack` fetches exactly that version, its archive must have the sha512 that `npm view` tells, and the named files and
the licence go to static/vendor/<name>-<version>/. static/vendor/VENDOR.toml lists them with a sha256 each; it names no
address, because what counts is the content. `check` says what differs from the list. Needs npm; only developers run it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click

FOLDER = Path(__file__).resolve().parents[1] / "static" / "vendor"
LIST = "VENDOR.toml"
HEAD = "# Written by tools/vendor.py: what was vendored, and the sha256 of each file. Do not edit by hand.\n"
# An exact version: a range or a tag would be another file tomorrow.
_EXACT = re.compile(r"(@[a-z0-9._-]+/)?[a-z0-9._-]+@[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?")
_LICENCE = re.compile(r"licen[cs]e(\.(md|txt))?", re.IGNORECASE)


class Refused(click.ClickException):
    """The package cannot be vendored as asked; the text says why."""


@dataclass(frozen=True)
class Package:
    """One vendored package: `files` are (path below its folder, sha256), the licence's text among them."""

    name: str
    version: str
    licence: str
    integrity: str
    files: tuple[tuple[str, str], ...]

    @property
    def folder(self) -> str:
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}"


def read_list(folder: Path = FOLDER) -> list[Package]:
    """Return what VENDOR.toml lists, in the order of names; empty when there is none."""
    path = folder / LIST
    if not path.exists():
        return []
    listed = tomllib.loads(path.read_text("utf-8")).get("package", [])
    return [Package(**(one | {"files": tuple(sorted(one["files"].items()))})) for one in listed]


def write_list(packages: list[Package], folder: Path = FOLDER) -> None:
    """Write VENDOR.toml anew."""
    parts = [HEAD]
    for package in sorted(packages, key=lambda one: one.folder):
        fields = ("name", "version", "licence", "integrity")
        lines = [f"{field} = {json.dumps(getattr(package, field))}" for field in fields]
        files = [f"{json.dumps(path)} = {json.dumps(digest)}" for path, digest in package.files]
        parts.append("\n".join(["", "[[package]]", *lines, "[package.files]", *files, ""]))
    (folder / LIST).write_text("".join(parts), "utf-8")


def problems(folder: Path = FOLDER) -> list[str]:
    """Return every difference between the folder and its list: changed, missing and unlisted files."""
    packages = read_list(folder)
    listed = {f"{package.folder}/{path}": digest for package in packages for path, digest in package.files}
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {LIST}
    wrong = [f"{path}: not in {LIST}" for path in sorted(here - listed.keys())]
    wrong += [f"{path}: missing" for path in sorted(listed.keys() - here)]
    changed = (path for path in sorted(here & listed.keys()) if _sha256((folder / path).read_bytes()) != listed[path])
    wrong += [f"{path}: changed since it was vendored" for path in changed]
    bare = (one.folder for one in packages if not any(_LICENCE.fullmatch(path) for path, _digest in one.files))
    return wrong + [f"{name}: without its licence" for name in bare]


def add(spec: str, paths: tuple[str, ...], folder: Path = FOLDER) -> Package:
    """Vendor `paths` (as they are called in the package) of `spec` ("name@1.2.3") and return what was written down.

    Raises Refused for a version that is not exact, an archive with another sha512 than the registry tells, a path that
    is not in it, and a package without a licence. Nothing is written then.
    """
    if not _EXACT.fullmatch(spec):
        raise Refused(f"{spec!r} is no exact version: write name@1.2.3")
    name, _, version = spec.rpartition("@")
    told = json.loads(_npm("view", spec, "dist.integrity", "license", "--json"))
    with tempfile.TemporaryDirectory() as scratch:
        _npm("pack", spec, "--pack-destination", scratch)
        (archive,) = Path(scratch).glob("*.tgz")
        check_integrity(archive.read_bytes(), told["dist.integrity"])
        contents = unpack(archive, paths)
    files = tuple(sorted((path, _sha256(content)) for path, content in contents.items()))
    package = Package(name, version, told["license"], told["dist.integrity"], files)
    _write(folder / package.folder, contents)
    write_list([one for one in read_list(folder) if one.folder != package.folder] + [package], folder)
    return package


def check_integrity(archive: bytes, integrity: str) -> None:
    """Raise Refused unless `archive` has the digest that `integrity` ("sha512-…") tells."""
    right = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if right not in integrity.split():
        raise Refused(f"the archive is {right}, the registry tells {integrity}")


def unpack(archive: Path, paths: tuple[str, ...]) -> dict[str, bytes]:
    """Return path → content of `paths` and of the licence. Raises Refused when one of them is no file in `archive`."""
    with tarfile.open(archive) as packed:
        # npm puts everything into one folder, mostly called "package".
        there = {member.name.partition("/")[2]: member for member in packed if member.isfile()}
        licences = [path for path in there if _LICENCE.fullmatch(path)]
        if not licences:
            raise Refused("the package brings no licence")
        missing = [path for path in paths if path not in there or ".." in PurePosixPath(path).parts]
        if missing:
            raise Refused(f"not in the package: {', '.join(missing)}")
        files = ((path, packed.extractfile(there[path])) for path in (*paths, *licences))
        return {path: file.read() for path, file in files if file is not None}


def _write(folder: Path, contents: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _npm(*arguments: str) -> str:
    npm = shutil.which("npm")
    if npm is None:
        raise Refused("npm is needed to vendor a package (not to use one)")
    done = subprocess.run([npm, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - arguments of ours
    if done.returncode:
        raise Refused(f"npm {arguments[0]} failed:\n{done.stderr.strip()}")
    return done.stdout


@click.group()
def main() -> None:
    """Vendored packages of static/vendor/."""


@main.command("add")
@click.argument("spec")
@click.argument("paths", nargs=-1, required=True)
def add_command(spec: str, paths: tuple[str, ...]) -> None:
    """Vendor PATHS of the npm package SPEC (name@1.2.3)."""
    package = add(spec, paths)
    click.echo(f"static/vendor/{package.folder}: {len(package.files)} files, {package.licence}")


@main.command("check")
def check_command() -> None:
    """Say what differs from VENDOR.toml; exit code 1 when something does."""
    wrong = problems()
    for line in wrong:
        click.echo(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
