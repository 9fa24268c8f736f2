"""The browser of the tests sees what it is there to see; every page of ours is held to it."""

import pytest
from browsing import PHONE, opened

HEAD = '<!doctype html><html lang="en"><meta charset="utf-8">'
PHONE_HEAD = HEAD + '<meta name="viewport" content="width=device-width, initial-scale=1">'
DARK = "<style>@media (prefers-color-scheme: dark) { body { background: #111 } }</style>"


def page(tmp_path, text):
    path = tmp_path / "page.html"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_quiet_page(browser, tmp_path):
    picture = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" alt="">'
    wide = '<div style="overflow-x:auto"><pre style="width:900px">wide in its own box</pre></div>'
    path = page(tmp_path, PHONE_HEAD + DARK + f"<title>quiet</title><p>text</p>{picture}{wide}")
    for width in (1280, PHONE):
        with opened(browser, path, width=width, dark=width == PHONE) as seen:
            assert seen.page.title() == "quiet"
            assert seen.troubles == seen.requests == seen.sticking_out() == []
            assert not seen.scrolls_sideways()
            assert seen.background() == ((17, 17, 17) if width == PHONE else (0, 0, 0))  # 0, 0, 0: none given


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        ("<script>console.error('oh')</script>", "error: oh"),
        ("<script>undefined.x</script>", "thrown: "),
        ('<img src="beside.png">', "failed: file://"),
    ],
)
def test_troubles(browser, tmp_path, body, trouble):
    with opened(browser, page(tmp_path, PHONE_HEAD + body)) as seen:
        assert any(said.startswith(trouble) for said in seen.troubles)


def test_requests(browser, tmp_path):
    body = '<link rel="stylesheet" href="https://example.org/style.css"><script src="beside.js"></script>'
    with opened(browser, page(tmp_path, PHONE_HEAD + body)) as seen:
        assert seen.requests == ["https://example.org/style.css", (tmp_path / "beside.js").as_uri()]


def test_too_wide(browser, tmp_path):
    wide = '<p id="wide" style="width:400px">too wide</p>'
    with opened(browser, page(tmp_path, PHONE_HEAD + wide), width=PHONE) as seen:
        assert seen.scrolls_sideways()
        assert [text[:12] for text in seen.sticking_out()] == ['<p id="wide"']
    with opened(browser, page(tmp_path, PHONE_HEAD + wide), width=1280) as seen:
        assert not seen.scrolls_sideways()
    with opened(browser, page(tmp_path, HEAD + "<p>made for a desk only"), width=PHONE) as seen:
        assert seen.scrolls_sideways()  # no viewport given: a phone shrinks it


def test_faint_words(browser, tmp_path):
    body = "<p style='color:#777'>almost</p><p style='color:#767676'>enough</p><div style='background:#222'><b>dark</b>"
    with opened(browser, page(tmp_path, PHONE_HEAD + body)) as seen:
        assert seen.faint() == ["4.48 almost", "1.32 dark"]
