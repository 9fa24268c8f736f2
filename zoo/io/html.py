"""The few words our pages are written in: elements that escape what they are given, tables, cards, the document."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

VOID = ("img", "input", "link", "meta")


class Html(str):
    """Text that is markup already; everything else is escaped where it enters a page."""

    def __add__(self, other: Any) -> Html:
        return Html(str.__add__(self, text(other)))


def text(value: Any) -> Html:
    """A value as words in a page; class names and texts are a stranger's, and may not even be UTF-8."""
    if isinstance(value, Html):
        return value
    return Html(escape(str(value).encode("utf-8", "replace").decode("utf-8")))


def tag(name: str, /, *content: Any, **attributes: Any) -> Html:
    """`<name attributes>content</name>`, all of it escaped but for what is `Html`; `class_` is class, None is left out.

    An attribute that is True stands without a value, `data_what` is written `data-what`.
    """
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{text(str(value))}"')
    start = f"<{' '.join(words)}>"
    return Html(start if name in VOID else f"{start}{joined(content)}</{name}>")


def joined(parts: Iterable[Any], between: str = "") -> Html:
    """Parts in a row, those that are not `Html` escaped."""
    return Html(between.join(map(text, parts)))


def table(
    header: Sequence[Any],
    rows: Sequence[Sequence[Any]],
    *,
    right: Collection[int] = (),
    sortable: bool = False,
    ids: Sequence[str] | None = None,
) -> Html:
    """A table in a box that scrolls by itself; the columns in `right` hold numbers, the first one names the row.

    `ids` are those of the rows, for links and scripts.
    """
    side = {k: "n" for k in right}
    head = tag("tr", *(tag("th", cell, scope="col", class_=side.get(k)) for k, cell in enumerate(header)))
    body = [
        tag(
            "tr",
            *(
                tag("th" if k == 0 else "td", cell, scope="row" if k == 0 else None, class_=side.get(k))
                for k, cell in enumerate(row)
            ),
            id=ident,
        )
        for row, ident in zip(rows, ids or [None] * len(rows), strict=True)
    ]
    look = "sortable" if sortable else None
    return wide(tag("table", tag("thead", head), "\n", tag("tbody", joined(body, "\n")), class_=look))


def facts(pairs: Iterable[tuple[str, Any]]) -> Html:
    """Names with their values, as a list of definitions."""
    return tag("dl", *(tag("dt", key) + tag("dd", value) for key, value in pairs))


def wide(content: Html, look: str = "") -> Html:
    """A box that scrolls sideways by itself where its content is wider than the page, also by the keyboard."""
    return tag("div", content, class_=f"wide {look}".strip(), tabindex=0)


def section(ident: str, title: str, *content: Any) -> Html:
    """A card with a heading, which a link can go to."""
    return tag("section", "\n", tag("h2", title), "\n", joined(content, "\n"), "\n", id=ident)


def folded(title: str, *content: Any) -> Html:
    """What a click opens."""
    return tag("details", tag("summary", title), *content)


def picture(data: bytes, kind: str, alt: str, **attributes: Any) -> Html:
    """An image that lies in the page itself."""
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return tag("img", src=source, alt=alt, **attributes)


def inline(draw: Callable[[Path], Any]) -> Html:
    """What `draw` writes into an .svg file, as an element of a page."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "drawn.svg"
        draw(file)
        svg = file.read_text(encoding="utf-8")
    return Html(svg[svg.index("<svg") :])


def page(title: str, body: Html, *, style: str = "", script: str = "", images: str = "data:") -> str:
    """The document; the browser itself is told to ask for nothing outside, but for images from where `images` says."""
    policy = f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    head = [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Html(STYLE + style)),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{joined(head, chr(10))}\n</head>\n'
        f"<body>\n{body}\n<script>{SORTING}{script}</script>\n</body>\n</html>\n"
    )


STYLE = """
:root { color-scheme: light dark; --ink: #18181b; --muted: #52525b; --page: #f4f4f5; --card: #ffffff; --line: #d4d4d8;
  --link: #1d4ed8; --blue: #1e40af; --red: #b91c1c; --soft: #f4f4f5 }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #f4f4f5; --muted: #a1a1aa; --page: #09090b;
  --card: #18181b; --line: #3f3f46; --link: #93c5fd; --soft: #27272a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, "Liberation Sans", sans-serif }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 1.5rem 0 .3rem }
h2 { font-size: 1.15rem; margin: 0 0 .6rem } h3 { font-size: 1rem; margin: 1.1rem 0 .4rem }
p { margin: .4rem 0; max-width: 46rem } small, .muted { color: var(--muted); font-size: .875rem }
a { color: var(--link) }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .6rem 0 1rem; font-size: .95rem }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem;
  margin: 0 0 1rem; min-width: 0 }
.pair > div { min-width: 0 }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1rem;
  align-items: start }
.wide { overflow-x: auto; max-width: 100% }
.white { background: #ffffff; color: #18181b; border-radius: 6px; padding: .5rem }
.white svg, .white img { display: block }
table { border-collapse: collapse; font-size: .9rem }
th, td { text-align: left; padding: .22rem .9rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: normal }
thead th { color: var(--muted); font-weight: 600; white-space: nowrap } tbody th { font-weight: 500 }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
th button { all: unset; cursor: pointer } th button:focus-visible { outline: 2px solid var(--link) }
th[aria-sort=ascending] button::after { content: " ↑" } th[aria-sort=descending] button::after { content: " ↓" }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) minmax(0, 1fr); gap: .15rem 1.1rem; margin: 0;
  font-size: .95rem }
dt { color: var(--muted) } dd { margin: 0 }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .875rem }
pre { background: var(--soft); border-radius: 6px; padding: .6rem .8rem; margin: .4rem 0; overflow-x: auto }
summary { cursor: pointer; margin: .6rem 0 .3rem } footer { color: var(--muted); font-size: .875rem;
  padding-bottom: 2rem }
@media (max-width: 30rem) { th, td { padding-right: .55rem } dl { grid-template-columns: 1fr; gap: 0 }
  dd { margin-bottom: .4rem } section { padding: .8rem .8rem } }
@media print { :root { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact }
  body { background: #fff; font-size: 11px } nav { display: none } header, main, footer { padding: 0 }
  section { border: 0; padding: 0 0 .6rem; margin: 0 } h2, h3 { break-after: avoid }
  table, dl, pre, svg, img, li { break-inside: avoid } .wide { overflow: visible } }
"""

# A click on a column's head sorts by it: numbers by value, largest first; words by the alphabet; dashes last.
SORTING = """
for (const head of document.querySelectorAll("table.sortable thead th")) {
  const button = document.createElement("button"), column = head.cellIndex;
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const body = head.closest("table").tBodies[0], numbers = head.classList.contains("n");
    const down = head.ariaSort ? head.ariaSort === "ascending" : numbers;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.ariaSort = down ? "descending" : "ascending";
    const key = row => {
      const words = row.cells[column].textContent.trim();
      return numbers ? parseFloat(words.replace(/,/g, "")) : words.toLowerCase();
    };
    const order = (a, b) => numbers ? a - b : a.localeCompare(b, "en");
    const rows = [...body.rows].map(row => [key(row), row]), empty = value => value !== value || value === "";
    rows.sort(([a], [b]) => empty(a) - empty(b) || (empty(a) ? 0 : order(a, b) * (down ? -1 : 1)));
    body.append(...rows.map(([, row]) => row));
  });
}
"""
