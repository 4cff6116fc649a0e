"""Versioned addresses, the inlined stylesheet and its hash, and the weight of what every resident downloads."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

import pytest

from community.core.web.assets import IMMUTABLE, INLINED, REVALIDATE, Assets, compact

STATIC = Path(__file__).parents[3] / "static"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "css/base.css").write_text("/* colours */\na{color:red}\n\n  b{color:blue}\n", "utf-8")
    (tmp_path / "css/core.css").write_text("/* more */\ni{color:green}\n", "utf-8")
    (tmp_path / "css/desk.css").write_text("table{width:100%}", "utf-8")
    return tmp_path


def test_an_address_changes_when_the_file_does(folder: Path) -> None:
    before = Assets(folder).url("css/desk.css")
    (folder / "css/desk.css").write_text("table{width:99%}", "utf-8")
    after = Assets(folder).url("css/desk.css")
    assert before.startswith("/static/css/desk.css?v=")
    assert before != after
    assert len(after.partition("?v=")[2]) == 8


def test_a_misspelt_file_is_an_error_and_not_a_dead_link(folder: Path) -> None:
    with pytest.raises(KeyError):
        Assets(folder).url("css/dsek.css")


def test_only_the_version_on_disk_is_kept_for_ever(folder: Path) -> None:
    assets = Assets(folder)
    version = assets.url("css/desk.css").partition("?v=")[2]
    assert assets.cache_control("css/desk.css", version) == IMMUTABLE
    assert assets.cache_control("css/desk.css", "00000000") == REVALIDATE
    assert assets.cache_control("css/desk.css", None) == REVALIDATE
    assert assets.cache_control("css/nothing.css", None) == REVALIDATE


def test_the_hashes_are_those_of_the_texts_that_pages_carry(folder: Path) -> None:
    assets = Assets(folder)
    digests = [hashlib.sha256(css.encode()).digest() for css in (assets.page_css, assets.door_css)]
    assert assets.style_hashes == tuple(f"sha256-{base64.b64encode(digest).decode()}" for digest in digests)
    assert assets.page_css == "a{color:red}b{color:blue}i{color:green}"


def test_the_page_of_a_scanned_code_carries_the_first_part_alone(folder: Path) -> None:
    assert Assets(folder).door_css == "a{color:red}b{color:blue}"


@pytest.mark.parametrize("name", ["base", "core"])
def test_a_stylesheet_that_would_close_its_element_stops_the_start(folder: Path, name: str) -> None:
    (folder / f"css/{name}.css").write_text("a::after{content:'</style>'}", "utf-8")
    with pytest.raises(ValueError, match=rf"{name}\.css"):
        Assets(folder)


def test_compacting_keeps_every_rule() -> None:
    assert compact('a{}\r\n/* one\n two */\r\n  b{content:"x  y"}\n') == 'a{}b{content:"x  y"}'


def test_no_rule_of_ours_is_broken_between_two_words() -> None:
    for name in INLINED:
        css = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text("utf-8"), flags=re.DOTALL)
        assert set(re.findall(r"(\S)\s*\n", css)) <= set("{},;"), name


@pytest.mark.parametrize(("path", "ceiling"), [("js/core.js", 4 * 1024), ("css/desk.css", 4 * 1024)])
def test_what_every_visitor_downloads_stays_light(path: str, ceiling: int) -> None:
    assert len(gzip.compress((STATIC / path).read_bytes(), 9)) <= ceiling


def test_what_pages_carry_inside_stays_light() -> None:
    assets = Assets(STATIC)
    assert len(gzip.compress(assets.page_css.encode(), 9)) <= 6 * 1024
    assert len(gzip.compress(assets.door_css.encode(), 9)) <= 4 * 1024


def test_the_stylesheets_and_scripts_ask_nothing_of_other_hosts() -> None:
    files = [*STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")]
    assert len(files) >= 4
    for file in files:
        text = file.read_text("utf-8")
        assert "//" not in text.replace("// ", ""), file
        assert "@import" not in text, file
        assert "url(" not in text, file
