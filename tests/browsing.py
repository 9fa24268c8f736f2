"""Pages of ours in a real browser, headless: what a reader would see, and what a page does behind their back.

The fixture `browser` lives as long as the tests of one file: playwright holds an event loop while it is open, and
other tests may want their own.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PHONE = 360  # CSS pixels of a narrow phone
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Elements that stick out of the page to the right, but for those in a box that scrolls or clips by itself.
_STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth, found = [];
  for (const element of document.body.querySelectorAll('*')) {
    if (element.ownerSVGElement || element.getBoundingClientRect().right <= width + 0.5) continue;
    let box = element.parentElement;
    while (box && box !== document.body && getComputedStyle(box).overflowX === 'visible') box = box.parentElement;
    if (!box || box === document.body) found.push(element.outerHTML.slice(0, 120));
  }
  return found;
}"""

# Words of the page that are hard to read on what is behind them: a contrast below 4.5 (WCAG 2.2, 1.4.3). Pictures are
# left out, and colours are read by a canvas, which knows every way to write one.
_FAINT = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true}), found = [];
  const channels = colours => {
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map(c => c / 255);
  };
  const light = rgb => {
    const [r, g, b] = rgb.map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || element.closest('svg, script, style') || !element.checkVisibility()) continue;
    const behind = [];
    for (let box = element; box; box = box.parentElement) behind.unshift(getComputedStyle(box).backgroundColor);
    const back = ['white', ...behind], front = [...back, getComputedStyle(element).color];
    const pair = [light(channels(back)), light(channels(front))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${words.currentNode.data.trim().slice(0, 60)}`);
  }
  return found;
}"""


@dataclass
class Seen:
    """An open page, with what it said on the console or threw, and what it asked for beside itself."""

    page: Any
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def sticking_out(self) -> list[str]:
        """What makes the page scroll sideways."""
        return self.page.evaluate(_STICKING_OUT)

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window, which on a phone also shrinks it."""
        wide = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        return wide[0] > self.page.viewport_size["width"] or wide[1] != self.page.viewport_size["width"]

    def faint(self) -> list[str]:
        """Words whose contrast with what is behind them is too low, with that contrast."""
        return self.page.evaluate(_FAINT)

    def background(self) -> tuple[int, int, int]:
        """The colour behind everything."""
        colour = self.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return tuple(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium; skips where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no browser on this machine: apt-get install chromium")
    reason = "playwright is not installed: pip install -e '.[dev]'"
    driver = pytest.importorskip("playwright.sync_api", reason=reason)
    with driver.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield chromium
        chromium.close()


@contextmanager
def opened(
    browser: Any, file: Path, *, width: int = 1280, dark: bool = False, javascript: bool = True
) -> Iterator[Seen]:
    """`file` in a window so wide; below 600 pixels as on a phone. Nothing but the file itself can be had."""
    phone = width < 600
    context = browser.new_context(
        viewport={"width": width, "height": 780 if phone else 900},
        is_mobile=phone,
        device_scale_factor=2 if phone else 1,
        color_scheme="dark" if dark else "light",
        java_script_enabled=javascript,
        offline=True,
    )
    url = file.resolve().as_uri()
    try:
        seen = Seen(context.new_page())
        seen.page.on(
            "console",
            lambda said: seen.troubles.append(f"{said.type}: {said.text}") if said.type in ("error", "warning") else 0,
        )
        seen.page.on("pageerror", lambda error: seen.troubles.append(f"thrown: {error}"))
        seen.page.on("requestfailed", lambda request: seen.troubles.append(f"failed: {request.url[:200]}"))
        seen.page.on(
            "request",
            lambda request: (
                None
                if request.url.split("#")[0] == url or request.url.startswith("data:")
                else seen.requests.append(request.url)
            ),
        )
        seen.page.goto(url, wait_until="load")
        yield seen
    finally:
        context.close()
