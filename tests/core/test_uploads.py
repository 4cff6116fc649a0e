"""What people bring as pictures: read with suspicion, written anew, kept where nobody guesses, shown to who may see."""

from __future__ import annotations

import datetime as dt
import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from community.core import clock, jobs, uploads
from community.core.authz import Actor, system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import NotFound
from community.core.ids import new_uuid
from community.core.uploads import (
    Document,
    PaperRefused,
    PictureRefused,
    Upload,
    keeping,
    papers,
    pictures,
    prepare,
    storage,
)

NORTH, GPS, ORIENTATION = (30.2, 120.3), 0x8825, 0x0112


def file_of(picture: Image.Image, kind: str = "JPEG", **how: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def photo(width: int = 64, height: int = 48, colour: str = "navy", kind: str = "JPEG", **how: object) -> bytes:
    return file_of(Image.new("RGB", (width, height), colour), kind, **how)


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def refusal(data: bytes) -> str:
    with pytest.raises(PictureRefused) as refused:
        prepare(data)
    assert refused.value.field == "photo"
    assert refused.value.next_step
    return refused.value.code


# --- decoding and writing anew ---


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_phones_take_pictures_in_becomes_a_jpeg(kind: str) -> None:
    made = prepare(photo(kind=kind))
    assert opened(made.full).format == opened(made.thumb).format == "JPEG"
    assert (made.width, made.height) == opened(made.full).size == (64, 48)


def test_large_pictures_shrink_to_1600_and_320_and_small_ones_stay() -> None:
    made = prepare(photo(4000, 3000))
    assert (made.width, made.height) == opened(made.full).size == (1600, 1200)
    assert opened(made.thumb).size == (320, 240)
    assert opened(prepare(photo(300, 200)).thumb).size == (300, 200)


def test_a_very_thin_picture_keeps_at_least_one_pixel() -> None:
    made = prepare(photo(20000, 2, kind="PNG"))
    assert (made.width, made.height) == (1600, 1)


def test_nothing_of_where_when_and_what_was_taken_is_kept() -> None:
    exif = Image.Exif()
    exif[GPS] = {1: "N", 2: (*NORTH, 0.0), 3: "E", 4: (*NORTH, 0.0)}
    exif[0x010F] = "Secret Phone"
    with_notes = photo(exif=exif.tobytes(), comment=b"at home", icc_profile=b"profile", xmp=b"<x>where</x>")
    for needle in (b"Secret Phone", b"at home", b"where"):
        assert needle in with_notes
    made = prepare(with_notes)
    for kept in (made.full, made.thumb):
        assert not dict(opened(kept).getexif())
        assert not {"exif", "comment", "xmp", "icc_profile"} & opened(kept).info.keys()
        assert not [needle for needle in (b"Secret Phone", b"at home", b"where", b"Exif") if needle in kept]


def test_a_picture_taken_sideways_stands_upright() -> None:
    sideways = Image.new("RGB", (80, 40), "white")
    sideways.paste("red", (0, 0, 20, 40))  # the left edge is the top once turned
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    made = opened(prepare(file_of(sideways, exif=exif.tobytes(), quality=95)).full)
    assert made.size == (40, 80)
    assert made.getpixel((20, 5))[0] > 200 > made.getpixel((20, 5))[1] + 100
    assert min(made.getpixel((20, 70))) > 200


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert min(opened(prepare(file_of(clear, "PNG")).full).getpixel((10, 10))) > 250


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_way_to_keep_colours_is_read(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    made = prepare(file_of(Image.new(mode, (30, 20)), kind))
    assert (made.width, made.height) == (30, 20)


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "green")]
    moving = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    made = opened(prepare(moving).full)
    assert getattr(made, "n_frames", 1) == 1
    assert made.getpixel((20, 15))[0] > 200


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\x03\x04evil.zip", b"%PDF-1.7 evil", b"<?php evil(); ?>", b"MZ" * 4000]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_nothing_hidden_behind_or_inside_a_picture_survives(kind: str, tail: bytes) -> None:
    """A file that is a picture and something else too comes out as a picture only."""
    inside = photo(comment=tail[:200], kind=kind) if kind != "PNG" else photo(kind=kind)
    made = prepare(inside + tail)
    assert not [kept for kept in (made.full, made.thumb) if tail[:12] in kept]


# --- refusing ---


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "picture_missing"),
        (b"hello", "picture_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "picture_unreadable"),
        (b"%PDF-1.7\n%...", "picture_unreadable"),
        (b"GIF89a<script>alert(1)</script>", "picture_unreadable"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 200, "picture_unreadable"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100, "picture_heic"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic" + b"\0" * 100, "picture_heic"),
        (b"\xff" * (uploads.MAX_BYTES + 1), "picture_heavy"),
        (photo(kind="BMP"), "picture_unreadable"),
        (photo(kind="TIFF"), "picture_unreadable"),
        (photo(kind="ICO", width=32, height=32), "picture_unreadable"),
    ],
)
def test_what_is_no_picture_to_keep_is_refused_with_the_reason(data: bytes, code: str) -> None:
    assert refusal(data) == code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_picture_that_broke_off_on_the_way_is_refused(kind: str, share: float) -> None:
    whole = file_of(Image.effect_noise((400, 300), 60).convert("RGB"), kind)
    assert refusal(whole[: int(len(whole) * share)]) == "picture_unreadable"


def png_of(width: int, height: int, rows: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_bomb_of_10000_by_10000_pixels_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    squeezer = zlib.compressobj(9)
    rows = b"".join(squeezer.compress(b"\0" * 30001) for _row in range(10000)) + squeezer.flush()
    bomb = png_of(10000, 10000, rows)
    assert len(bomb) < 400_000

    def burst(*_given: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", burst)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", burst)
    assert refusal(bomb) == "picture_large"


@pytest.mark.parametrize(("width", "height"), [(8001, 5000), (65000, 65000), (2**31 - 1, 2**31 - 1), (1, 40_000_001)])
def test_a_head_that_tells_of_too_many_pixels_is_refused(width: int, height: int) -> None:
    assert refusal(png_of(width, height, zlib.compress(b"\0"))) in {"picture_large", "picture_unreadable"}


def test_a_jpeg_bomb_is_refused_too() -> None:
    assert refusal(photo(10000, 10000)) == "picture_large"


# --- papers ---


def pdf(body: bytes = b"", tail: bytes = b"%%EOF\n", head: bytes = b"%PDF-1.7\n") -> bytes:
    """A small whole PDF with `body` among its objects."""
    page = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    return head + page + body + b"\nxref\n0 1\ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n" + tail


def packed(words: bytes, how: bytes = b"/Filter/FlateDecode") -> bytes:
    """An object stream of a PDF that holds `words`."""
    data = zlib.compress(words) if b"Flate" in how else words
    return b"7 0 obj\n<</Type/ObjStm/N 1/First 4" + how + b">>\nstream\n" + data + b"\nendstream\nendobj\n"


ACTS = b"3 0 <</S/JavaScript/JS(app.alert(1))>>"


@pytest.mark.parametrize(
    "data",
    [
        pdf(),
        pdf(head=b"%PDF-2.0\r\n", tail=b"%%EOF\r\n\0\0"),
        pdf(b"5 0 obj\n<</A<</S/URI/URI(https://example.com)>>>>\nendobj\n"),
        # What an office program writes: packed words, and a picture whose bytes may spell anything.
        pdf(packed(b"3 0 <</Type/Page>>")),
        pdf(
            b"4 0 obj\n<</Subtype/Image/Filter/DCTDecode>>\nstream\n\xff\xd8 /JS /Launch \xff\xd9\nendstream\nendobj\n"
        ),
        pdf(b"6 0 obj\n<</OpenAction[3 0 R/FitH]/JSON 1/JavaScripture 2>>\nendobj\n"),
    ],
)
def test_a_paper_that_only_shows_pages_is_kept_as_it_came(data: bytes) -> None:
    assert papers.is_paper(data)
    assert papers.prepare(data).data == data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-", "paper_unreadable"),
        (b"%PDF-9.9\n" + pdf()[9:], "paper_unreadable"),
        (pdf()[:-40], "paper_unreadable"),
        (pdf() + b"PK\x03\x04 a zip behind it", "paper_unreadable"),
        (pdf(b"<script>alert(1)</script>", tail=b"%%EOF<html>"), "paper_unreadable"),
        (pdf(b"5 0 obj\n<</Encrypt 9 0 R>>\nendobj\n"), "paper_locked"),
        (pdf(b"5 0 obj\n<</S/JavaScript/JS(app.alert(1))>>\nendobj\n"), "paper_active"),
        (pdf(b"5 0 obj\n<</S/J#61vaScript/J#53(app.alert(1))>>\nendobj\n"), "paper_active"),
        (pdf(b"5 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n"), "paper_active"),
        (pdf(b"5 0 obj\n<</Names<</EmbeddedFiles 8 0 R>>>>\nendobj\n"), "paper_active"),
        (pdf(b"5 0 obj\n<</XFA[(x) 8 0 R]>>\nendobj\n"), "paper_active"),
        (pdf(packed(b"3 0 <</S/JavaScript/JS(app.alert(1))>>")), "paper_active"),
        (pdf(packed(b"3 0 <</S/J#61vaScript>>")), "paper_active"),
        (pdf(packed(b"3 0 <</S/JavaScript>>", how=b"")), "paper_active"),
        # Readers that forgive open these too: no type, a dictionary in a dictionary, a bracket in a string, a bare CR,
        # and words behind a text that looks like the begin of a photograph.
        (pdf(packed(ACTS).replace(b"/Type/ObjStm", b"")), "paper_active"),
        (pdf(packed(ACTS, how=b"/Filter/FlateDecode/X<</Y<</Z 1>>>>")), "paper_active"),
        (pdf(packed(ACTS, how=b"/Filter/FlateDecode/X (<)")), "paper_active"),
        (pdf(packed(ACTS).replace(b"stream\n", b"stream\r", 1)), "paper_active"),
        (pdf(packed(ACTS)[:-25] + b"\nendobj\n"), "paper_strange"),
        (
            pdf(b"5 0 obj\n(/Filter/DCTDecode stream\n)\nendobj\n6 0 obj\n<</S/Launch>>\nendobj\nendstream"),
            "paper_active",
        ),
        (pdf(packed(ACTS, how=b"/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 4>>")), "paper_strange"),
        (pdf(packed(ACTS, how=b"/Filter[/ASCII85Decode/FlateDecode]")), "paper_strange"),
        (pdf(packed(b"anything", how=b"/Filter/LZWDecode")), "paper_strange"),
        (pdf(packed(b"x").replace(zlib.compress(b"x"), b"not packed at all")), "paper_strange"),
        (b"%PDF-1.7\n" + b"x" * uploads.MAX_BYTES, "paper_heavy"),
    ],
)
def test_a_paper_that_is_broken_locked_or_could_act_is_refused_with_the_reason(data: bytes, code: str) -> None:
    with pytest.raises(PaperRefused) as refused:
        papers.prepare(data)
    assert (refused.value.code, refused.value.field) == (code, "photo")
    assert refused.value.next_step


def test_packed_words_without_end_are_refused_before_they_fill_the_memory() -> None:
    bomb = zlib.compress(b"\0" * (80 << 20))
    stream = b"7 0 obj\n<</Type/ObjStm/Filter/FlateDecode>>\nstream\n" + bomb + b"\nendstream\nendobj\n"
    with pytest.raises(PaperRefused, match="paper_strange"):
        papers.prepare(pdf(stream))


# --- keeping ---


@pytest.fixture
def rules() -> Iterator[dict[str, keeping.Rule]]:
    """Purposes of these tests: "mine" is for who brought it, "open" for everybody."""
    before, papers_before = dict(keeping._rules), dict(keeping._paper_rules)
    own: dict[str, keeping.Rule] = {
        "mine": lambda actor, upload: actor is not None and actor.member_id == upload.uploaded_by,
        "open": lambda _actor, _upload: True,
    }
    keeping.wire(before | own, {"open": lambda _actor, _paper: True, "nobody": lambda _actor, _paper: False})
    yield own
    keeping.wire(before, papers_before)


ANNA, BERT = Actor(member_id=7), Actor(member_id=8)


def kept(purpose: str = "open", actor: Actor = ANNA) -> Upload:
    with transaction():
        return uploads.keep(actor, purpose, prepare(photo()))


def files(app: Flask) -> list[Path]:
    folder = Path(app.extensions["linli_settings"].instance_dir) / "uploads"
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def _empty_storage(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames:
        for path in files(request.getfixturevalue("app")):
            path.unlink()


def test_a_kept_picture_can_be_read_by_who_may_see_it_and_by_nobody_else(app: Flask, rules: object) -> None:
    row = kept("mine")
    assert opened(keeping.content(uploads.picture(ANNA, row.id))).size == (64, 48)
    for other in (BERT, None):
        with pytest.raises(NotFound):
            uploads.picture(other, row.id)


def test_a_purpose_that_no_room_decides_on_is_refused_and_shown_to_nobody(app: Flask, rules: object) -> None:
    with pytest.raises(KeyError), transaction():
        uploads.keep(ANNA, "stray", prepare(photo()))
    assert not files(app)
    row = kept()
    keeping.wire({})
    with pytest.raises(NotFound):
        uploads.picture(ANNA, row.id)


def test_names_are_random_and_the_folder_is_closed(app: Flask, rules: object) -> None:
    names = {kept().name for _time in range(5)}
    assert len(names) == 5
    assert all(len(name) == 32 and int(name, 16) for name in names)
    folder = files(app)[0].parent
    assert not stat.S_IMODE(folder.stat().st_mode) & 0o077
    assert len(files(app)) == 10


def test_the_files_are_there_before_the_row_and_a_broken_transaction_leaves_only_files(
    app: Flask, rules: object
) -> None:
    with suppress(RuntimeError), transaction():
        uploads.keep(ANNA, "open", prepare(photo()))
        assert len(files(app)) == 2
        raise RuntimeError
    assert session().query(Upload).count() == 0
    assert len(files(app)) == 2


def test_a_storage_that_fails_leaves_no_row(app: Flask, rules: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(storage, "write", full)
    with pytest.raises(OSError, match="no space"), transaction():
        uploads.keep(ANNA, "open", prepare(photo()))
    assert session().query(Upload).count() == 0


def test_sweeping_removes_what_no_row_names_a_day_later_and_keeps_the_rest(
    app: Flask, rules: object, frozen_clock: FrozenClock
) -> None:
    row, stray = kept(), "pictures/ab/" + "ab" * 16 + ".jpg"
    storage.write(stray, b"left behind")
    now = clock.now().timestamp()
    for path in files(app):
        os.utime(path, (now, now))
    jobs.sweep_uploads()
    assert len(files(app)) == 3  # its transaction may still be running
    frozen_clock.tick(hours=25)
    jobs.sweep_uploads()
    jobs.sweep_uploads()
    assert {path.name for path in files(app)} == {f"{row.name}.jpg", f"{row.name}.s.jpg"}


def test_a_deleted_picture_is_gone_at_once_and_its_files_with_the_next_sweep(app: Flask, rules: object) -> None:
    row = kept()
    with transaction():
        uploads.delete(session().get_one(Upload, row.id))
    with pytest.raises(NotFound):
        uploads.picture(ANNA, row.id)
    jobs.sweep_uploads()
    assert not files(app)
    assert session().get_one(Upload, row.id).deleted_at  # what refers to it can say that it is gone


def test_a_paper_is_kept_shown_by_its_own_rule_and_swept_like_a_picture(app: Flask, rules: object) -> None:
    with transaction():
        row, hidden = (uploads.keep_paper(ANNA, purpose, papers.prepare(pdf())) for purpose in ("open", "nobody"))
    assert keeping.content(keeping.paper(None, row.id)) == pdf()
    for missing in (hidden.id, new_uuid()):
        with pytest.raises(NotFound):
            keeping.paper(ANNA, missing)
    with pytest.raises(KeyError), transaction():
        uploads.keep_paper(ANNA, "mine", papers.prepare(pdf()))
    with transaction():
        uploads.delete(session().get_one(Document, row.id))
    with pytest.raises(NotFound):
        keeping.paper(None, row.id)
    jobs.sweep_uploads()
    assert [path.name for path in files(app)] == [f"{hidden.name}.pdf"]


def test_a_picture_that_the_storage_lost_is_told_as_not_found(app: Flask, rules: object) -> None:
    row = kept()
    for path in files(app):
        path.unlink()
    with pytest.raises(NotFound):
        keeping.content(row)


def test_other_storages_are_named_by_their_address(make_app: object, tmp_path: Path) -> None:
    for url in (f"file://{tmp_path}/elsewhere", "memory://linli-test"):
        with make_app(storage_url=url).app_context():  # type: ignore[operator]
            storage.write("pictures/aa/x.jpg", b"here")
            assert storage.read("pictures/aa/x.jpg") == b"here"
            with storage.opened("pictures/aa/x.jpg") as file:
                assert file.read(2) == b"he"
            ((name, written),) = storage.names("pictures/aa")
            assert name.endswith("pictures/aa/x.jpg")
            assert dt.datetime.now(dt.UTC) - written < dt.timedelta(minutes=5)
            storage.remove(name)
            storage.remove(name)
            assert not list(storage.names("pictures/aa"))
            assert url.split("//")[1].split("/")[-1] in storage.check()
    assert not (tmp_path / "elsewhere/pictures/aa/x.jpg").exists()


def test_a_storage_that_cannot_be_used_says_so(make_app: object, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        make_app(storage_url=f"file://{tmp_path}/file").app_context(),  # type: ignore[operator]
        pytest.raises(storage.StorageFault, match="cannot be used"),
    ):
        storage.check()


def test_only_one_picture_is_decoded_at_a_time() -> None:
    with pictures._one_at_a_time:
        assert pictures._one_at_a_time.locked()
    prepare(photo())
    assert not pictures._one_at_a_time.locked()


def test_a_refused_picture_does_not_keep_the_next_one_waiting() -> None:
    refusal(b"no picture")
    assert prepare(photo()).width == 64


def test_a_job_may_keep_pictures_too(app: Flask, rules: object) -> None:
    assert kept(actor=system_actor("demo")).uploaded_by == 0
