"""The guide: pages of Markdown that come with the package, in `zoo/guide`."""

from __future__ import annotations

from pathlib import Path

from zoo.errors import ZooError, did_you_mean
from zoo.io.formats import table

FOLDER = Path(__file__).parents[1] / "guide"


def topics() -> dict[str, str]:
    """The heading of each page, by its topic."""
    pages = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
    return {topic: text.partition("\n")[0].removeprefix("# ") for topic, text in pages.items()}


def contents() -> str:
    """The list of topics, and how to read one."""
    return f"{table(('topic', 'page'), list(topics().items()))}\n\n`zoo guide TOPIC` prints a page."


def page(topic: str) -> str:
    """The Markdown of one page.

    Raises:
        ZooError: there is no such topic; the nearest is named.
    """
    if topic not in topics():
        raise ZooError(f"the guide has no topic '{topic}'", "one that `zoo guide` lists", did_you_mean(topic, topics()))
    return (FOLDER / f"{topic}.md").read_text(encoding="utf-8").rstrip("\n")
