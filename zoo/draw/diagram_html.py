"""A diagram as one page without outside requests: a click on a block opens the layers it stands for."""

from __future__ import annotations

from html import escape

from zoo.draw.shapes import Drawing
from zoo.draw.style import FONTS
from zoo.draw.svg import svg_text
from zoo.graph.items import Blocks, Group, Item, Parallel, Unit
from zoo.io.formats import shape_text

_STYLE = f"""
:root {{ color-scheme: light dark; --line: #8886; --mark: #2563eb; --lit: #fde68a }}
body {{ font: 14px/1.45 {FONTS}; margin: 0; background: #fff; display: grid;
  grid-template-columns: minmax(0, 3fr) minmax(20rem, 2fr) }}
main, aside {{ padding: 1rem; min-width: 0 }}
main svg {{ max-width: 100%; height: auto; border-radius: 6px }}
tbody:target {{ background: var(--lit) }}
main a {{ cursor: pointer }} main a:hover rect, main a:focus-visible rect {{ stroke-width: 2.5 }}
aside {{ border-left: 1px solid var(--line); position: sticky; top: 0; max-height: 100vh; overflow: auto;
        box-sizing: border-box }}
h1 {{ font-size: 1.1rem; margin: 0 0 .5rem }}
details {{ border-bottom: 1px solid var(--line) }} summary {{ padding: .3rem 0; cursor: pointer }}
details:target > summary {{ color: var(--mark); font-weight: bold }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: 12px; margin: 0 0 .6rem }}
th, td {{ text-align: left; padding: .15rem .6rem .15rem 0; white-space: nowrap }}
.n {{ text-align: right; font-variant-numeric: tabular-nums }}
@media screen and (prefers-color-scheme: dark) {{
  :root {{ --mark: #93c5fd; --lit: #78350f }} body {{ background: #18181b }}
  main svg {{ filter: invert(.91) hue-rotate(180deg) }} }}
@media (max-width: 800px) {{ body {{ display: block }} aside {{ position: static; max-height: none; border: 0 }}
  main {{ overflow-x: auto }} main svg {{ max-width: none }} }}
"""

_SCRIPT = """
function show() {
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const block = part && part.closest("details");
  if (block) { block.open = true; part.scrollIntoView({block: "nearest"}); }
}
addEventListener("hashchange", show);
addEventListener("click", event => { if (event.target.closest("main a")) setTimeout(show); });
show();
"""


def html_page(drawing: Drawing, items: dict[str, Item], blocks: Blocks) -> str:
    """The whole document: the SVG with links, and a table of layers for each block."""
    svg = svg_text(drawing, link="#{ref}-layers")
    refs = {id(item): ref for ref, item in items.items()}
    parts = [_details(item, blocks, refs) for item in (*blocks.items, *(head for _, head in blocks.sides))]
    return _document(
        blocks.graph.name,
        f"<main>{svg}</main>\n<aside><h1>Layers</h1><p>Click on a block to see its layers.</p>\n"
        + "\n".join(parts)
        + f"\n</aside>\n<script>{_SCRIPT}</script>",
    )


def layers_page(svg: str, name: str) -> str:
    """The layer graph of Keras in a page."""
    return _document(name, f"<main>{svg}</main>")


def _document(name: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(name)}</title>\n<link rel="icon" href="data:,">\n<style>{_STYLE}</style>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _details(item: Item, blocks: Blocks, refs: dict[int, str]) -> str:
    """A block of the trunk: shut, until a click on it or on one of its boxes opens it."""
    name = item.title if isinstance(item, Group) else item.name if isinstance(item, Unit) else "branches"
    times = f" ×{item.repeat} (layers of the first)" if item.repeat > 1 else ""
    title = f" · {item.title}" if isinstance(item, Unit) and item.title != name else ""
    return (
        f'<details id="{refs[id(item)]}-layers"><summary>{escape(name + times + title)}</summary>'
        '<div class="wide"><table><thead><tr><th>layer</th><th>class</th><th>output</th>'
        '<th class="n">parameters</th><th class="n">multiply-adds</th></tr></thead>'
        f"{_bodies(item, blocks, refs, inner=False)}</table></div></details>"
    )


def _bodies(item: Item, blocks: Blocks, refs: dict[int, str], *, inner: bool = True) -> str:
    """The rows of each box together, so that a link to the box finds them."""
    anchor = f' id="{refs[id(item)]}-layers"' if inner and id(item) in refs else ""
    if isinstance(item, Unit):
        return f"<tbody{anchor}>{''.join(_row(node, blocks) for node in item.nodes)}</tbody>"
    parts = [*item.items] if isinstance(item, Group) else [part for branch in item.branches for part in branch]
    parts += [item.join] if isinstance(item, Parallel) and item.join else []
    return (f"<tbody{anchor}></tbody>" if anchor else "") + "".join(_bodies(part, blocks, refs) for part in parts)


def _row(name: str, blocks: Blocks) -> str:
    node = blocks.graph.nodes[name]
    params = f"{node.params:,}" if node.params else ""
    macs = f"{node.macs:,}" if node.macs else ""
    return (
        f"<tr><td>{escape(name)}</td><td>{escape(node.layer_class)}</td><td>{shape_text(node.shape)}</td>"
        f'<td class="n">{params}</td><td class="n">{macs}</td></tr>'
    )
