"""The page checker finds every fault it is there for, and leaves a good page alone."""

import pytest

from tests.harness.pages import Page, PageFault, parse

HEAD = '<!doctype html><html lang="zh-CN"><head><title>打卡 · 邻里</title></head><body><h1>打卡</h1>'
TOKEN = '<input type="hidden" name="csrf_token" value="x">'


def page_with(body: str) -> str:
    return f"{HEAD}{body}</body></html>"


def test_a_good_page_is_let_through() -> None:
    body = f"""
      <form method="post" action="/p/x/checkin">{TOKEN}<button name="go" value="1">打卡</button></form>
      <p><a href="/me">我</a> <a href="tel:110">110</a> <a href="https://linli.test/p/abc">码</a></p>
      <label for="q">找</label><input id="q" name="q">
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" aria-hidden="true"><use href="#i-check"/></svg>"""
    page = parse(page_with(body), own_hosts=frozenset({"linli.test"}))
    assert page.form().filled(go="1") == {"csrf_token": "x", "go": "1"}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>又一个</h1>", "2 h1"),
        ("<div><p>没关上</div></p>", "p"),
        ('<form method="post">' + TOKEN + "</form>", "no action"),
        ('<form action="/x">' + TOKEN + "</form>", "no method"),
        ('<form method="post" action="/x"></form>', "csrf_token"),
        ('<form method="post" action="/x"><input type="hidden" name="csrf_token" value=""></form>', "csrf_token"),
        ('<p style="color:red">红</p>', "style"),
        ('<p onclick="go()">点</p>', "inline handler"),
        ('<a href="https://cdn.example/x">x</a>', "foreign"),
        ('<a href="//cdn.example/x">x</a>', "foreign"),
        ('<a href="javascript:go()">x</a>', "foreign"),
        ('<img alt="" src="/a.png" srcset="/a.png 1x, https://cdn.example/b.png 2x">', "foreign"),
        ("<style>@import 'https://cdn.example/a.css';</style>", "foreign"),
        ("<style>p { background: url(https://cdn.example/a.png) }</style>", "foreign"),
        ('<input name="phone">', "no label"),
        ('<p id="a">1</p><p id="a">2</p>', "twice"),
    ],
)
def test_a_planted_fault_is_found(body: str, fault: str) -> None:
    with pytest.raises(PageFault, match=fault):
        parse(page_with(body))


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<!doctype html><html lang="zh"><title>邻里</title><body><h1>打卡</h1></body></html>', "does not start with"),
        ('<!doctype html><html lang="zh"><title>邻里</title><body><p>打卡</p></body></html>', "0 h1"),
        ('<!doctype html><html lang="zh"><title></title><body><h1> </h1></body></html>', "empty"),
        ("<!doctype html><html><title>打卡</title><body><h1>打卡</h1></body></html>", "lang"),
        ('<html lang="zh"><title>打卡</title><body><h1>打卡</h1></body></html>', "DOCTYPE"),
    ],
)
def test_a_page_with_a_wrong_frame_is_found(html: str, fault: str) -> None:
    with pytest.raises(PageFault, match=fault):
        parse(html)


def test_a_form_sends_what_a_browser_would_send() -> None:
    form = Page(
        page_with(
            f"""<form method="post" action="/x">{TOKEN}
            <textarea name="note">\n你好</textarea>
            <select name="team"><option value="1">一</option><option value="2" selected>二</option></select>
            <select name="first"><option value="a">甲</option><option value="b">乙</option></select>
            <input type="radio" name="age" value="18"><input type="radio" name="age" value="60" checked>
            <input type="checkbox" name="agree"><input name="off" value="1" disabled>
            <input type="checkbox" name="kind" value="a" checked><input type="checkbox" name="kind" value="b" checked>
            <button name="do" value="yes">好</button></form>"""
        )
    ).form("/x")
    assert form.filled() == {
        "csrf_token": "x",
        "note": "你好",
        "team": "2",
        "first": "a",
        "age": "60",
        "agree": [],
        "kind": ["a", "b"],
    }
    assert form.buttons == {"do": ["yes"]}
    with pytest.raises(KeyError):
        form.filled(nothing="x")
