"""What was vendored is what is listed, and nothing else gets in."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from pathlib import Path

import pytest

from tools import vendor


def archive(path: Path, files: dict[str, bytes]) -> str:
    """Write an npm archive and return its integrity."""
    with tarfile.open(path, "w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A registry with one package; `files` and `integrity` may be changed."""
    shelf: dict[str, object] = {"files": {"LICENSE": b"MIT", "dist/a.js": b"a()", "b.js": b"b()"}, "integrity": None}

    def npm(*arguments: str) -> str:
        files = shelf["files"]
        assert isinstance(files, dict)
        if arguments[0] == "pack":
            told = archive(Path(arguments[3]) / "a-1.0.0.tgz", files)
            shelf["packed"] = told
            return ""
        # gzip writes the time: the integrity that is told is the one of the archive made later.
        return json.dumps({"dist.integrity": shelf["integrity"] or "later", "license": "MIT"})

    monkeypatch.setattr(vendor, "_npm", npm)
    check = vendor.check_integrity
    monkeypatch.setattr(
        vendor, "check_integrity", lambda data, told: check(data, str(shelf["packed"]) if told == "later" else told)
    )
    return shelf


def test_every_vendored_file_is_listed_and_unchanged() -> None:
    assert vendor.read_list()
    assert not vendor.problems()


def test_the_list_names_no_address() -> None:
    assert not re.search(r"https?:|//", (vendor.FOLDER / vendor.LIST).read_text("utf-8"))


def test_the_named_files_and_the_licence_are_brought_and_written_down(
    registry: dict[str, object], tmp_path: Path
) -> None:
    made = vendor.add("@org/a@1.0.0", ("dist/a.js",), tmp_path)
    assert made.folder == "org-a-1.0.0"
    assert [path for path, _digest in made.files] == ["LICENSE", "dist/a.js"]
    assert (tmp_path / "org-a-1.0.0/dist/a.js").read_bytes() == b"a()"
    assert not (tmp_path / "org-a-1.0.0/b.js").exists()
    assert vendor.read_list(tmp_path) == [made]
    assert vendor.problems(tmp_path) == []
    assert vendor.add("@org/a@1.0.0", ("b.js",), tmp_path) in vendor.read_list(tmp_path)
    assert vendor.problems(tmp_path) == []  # what the first one brought is gone, from the folder and the list


def test_a_changed_a_missing_and_an_unlisted_file_are_found(registry: dict[str, object], tmp_path: Path) -> None:
    vendor.add("a@1.0.0", ("dist/a.js", "b.js"), tmp_path)
    (tmp_path / "a-1.0.0/dist/a.js").write_bytes(b"a();evil()")
    (tmp_path / "a-1.0.0/b.js").unlink()
    (tmp_path / "stray.js").write_bytes(b"")
    assert vendor.problems(tmp_path) == [
        "stray.js: not in VENDOR.toml",
        "a-1.0.0/b.js: missing",
        "a-1.0.0/dist/a.js: changed since it was vendored",
    ]


def test_an_archive_that_is_not_what_the_registry_tells_is_refused(registry: dict[str, object], tmp_path: Path) -> None:
    registry["integrity"] = "sha512-" + base64.b64encode(b"0" * 64).decode()
    with pytest.raises(vendor.Refused, match="registry tells"):
        vendor.add("a@1.0.0", ("b.js",), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["c.js", "../b.js", "dist/../../b.js"])
def test_a_file_that_is_not_in_the_package_is_refused(registry: dict[str, object], tmp_path: Path, path: str) -> None:
    registry["files"] = {"LICENSE": b"MIT", "b.js": b"", "../b.js": b"", "dist/../../b.js": b""}
    with pytest.raises(vendor.Refused, match="not in the package"):
        vendor.add("a@1.0.0", ("b.js", path), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_package_without_a_licence_is_refused(registry: dict[str, object], tmp_path: Path) -> None:
    registry["files"] = {"b.js": b""}
    with pytest.raises(vendor.Refused, match="no licence"):
        vendor.add("a@1.0.0", ("b.js",), tmp_path)


@pytest.mark.parametrize("spec", ["a", "a@latest", "a@^1.0.0", "a@1", "--registry=x@1.0.0", "a@1.0.0 b"])
def test_only_an_exact_version_is_taken(spec: str, tmp_path: Path) -> None:
    with pytest.raises(vendor.Refused, match="exact version"):
        vendor.add(spec, ("b.js",), tmp_path)
