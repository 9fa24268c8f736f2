"""The sections of a report that say what was trained, on what, where, and how to do it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import registry
from zoo.io import formats
from zoo.io.html import Html, facts, folded, joined, section, table, tag, text, wide
from zoo.runs import folder as rundir

if TYPE_CHECKING:
    import keras
    from pydantic import BaseModel

    from zoo.runs.folder import Run

NOT_TOLD = {"name", "model.name", "data.name", "runtime.output"}  # said elsewhere, or of no consequence


def began(run: Run) -> str:
    """When the run began, by its folder's name; nothing where it was renamed."""
    try:
        when = datetime.strptime(run.path.resolve().name[:16], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return ""
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def model(run: Run, net: keras.Model) -> Html:
    """The architecture: its paper, its counts, where ours departs."""
    from zoo.graph import counts as counting

    name, counts = run.config.model.name, counting.count(net)
    row = None if registry.is_own_builder(name) else registry.describe(name)
    inside = f"{counts.trainable:,} trained, {counts.total:,} in all"
    pairs: list[tuple[str, Any]] = [
        ("model", joined([tag("b", name), f": {row.summary}" if row else ", a builder of your own"])),
        ("input", " and ".join(formats.shape(t.shape[1:]) for t in net.inputs)),
        ("parameters", inside),
        ("multiply-adds", "open, as is the input's size" if counts.macs is None else f"{counts.macs:,} for one input"),
    ]
    if run.config.model.weights is not None:
        pairs.append(("began with", f"weights of {run.config.model.weights}"))
    if row and row.paper:
        link = tag("a", row.paper.title, href=row.paper.url, rel="noreferrer")
        pairs.append(("paper", joined([f"{row.paper.authors}: ", link, f". {row.paper.venue}, {row.paper.year}"])))
    if row:
        pairs.append(("departs in", joined(row.deviations, "; ") if row.deviations else "nothing"))
    return section("model", "What was trained", facts(pairs), *_config(run))


def _config(run: Run) -> Iterator[Html]:
    config = run.config
    changed = dict(_flat(config.model_dump(mode="json", exclude_defaults=True)))
    rows = [
        (_breakable(key), _plain(value), _default(config, key.split(".")))
        for key, value in changed.items()
        if key not in NOT_TOLD and value is not None
    ]
    yield tag("h3", "Settings that are not the defaults")
    yield table(("setting", "value", "default"), rows) if rows else tag("p", "None: all are the defaults.")
    rows = [(_breakable(key), _plain(value)) for key, value in _flat(config.to_dict())]
    yield folded("all settings", table(("setting", "value"), rows))


def _breakable(key: str) -> Html:
    """A key that a narrow page may break behind its points."""
    return joined(key.split("."), Html(".<wbr>"))


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`{"train": {"epochs": 3}}` as ("train.epochs", 3)."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _default(block: BaseModel, keys: list[str]) -> str:
    """The default of a setting; nothing where it has none of its own."""
    for key in keys[:-1]:
        block = getattr(block, key, None)
    field = type(block).model_fields.get(keys[-1]) if hasattr(type(block), "model_fields") else None
    if field is None or field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    return "" if value is None or hasattr(value, "model_dump") else _plain(value)


def diagram(run: Run, net: keras.Model) -> Html:
    """The paper's blocks, drawn."""
    from zoo.draw.diagram import diagram_svg

    drawn = wide(Html(diagram_svg(net, run.config.model.name)), "white")
    return section("diagram", "Architecture", drawn)


def data(run: Run) -> Html:
    """What the net learnt from: sizes, classes, preprocessing, and the hash that tells whether they are the same."""
    info, config = run.data, run.config.data
    names = info["class_names"]
    pairs = [
        ("data", tag("b", info["name"]) + (text(f", from {config.path}") if config.path else "")),
        ("items", ", ".join(f"{size:,} {split}" for split, size in info["sizes"].items())),
        ("classes", f"{len(names)}: {', '.join(map(str, names[:12]))}" + (", …" if len(names) > 12 else "")),
        ("net's input", formats.shape(info["input_shape"])),
        (
            "preprocessing",
            ", ".join(
                f"{key} {_plain(value)}"
                for key, value in info["preprocessing"].items()
                if value is not None and key not in ("kind", "shape")
            ),
        ),
        ("SHA-256", tag("code", info["hash"])),
    ]
    if info.get("vocabulary_size"):
        pairs.insert(3, ("vocabulary", f"{info['vocabulary_size']:,} words"))
    pairs += [("note", note) for note in info.get("notes", ())]
    counts = info["class_counts"]
    rows = [[name, *(f"{counts[split][k]:,}" for split in counts)] for k, name in enumerate(names)]
    by_class = table(("class", *counts), rows, right=range(1, 1 + len(counts)), sortable=True)
    return section("data", "Data", facts((k, v) for k, v in pairs if v), folded("items of each class", by_class))


def environment(run: Run) -> Html:
    """Versions and hardware, how long it took, and where it was taken up again."""
    known = {key: value for key, value in run.environment.items() if key not in (*rundir.IDENTITY, "threads")}
    seconds = sum(row.get("seconds", 0.0) for row in run.history)
    pairs = [("seed", run.config.runtime.seed), ("training took", _duration(seconds))]
    pairs += [(key, ", ".join(map(str, value)) if isinstance(value, list) else value) for key, value in known.items()]
    return section("environment", "Environment", facts((k, str(v)) for k, v in pairs if v is not None), *_resumed(run))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0) + [f"{rest} s"] * (hours == 0)
    return " ".join(parts)


def _resumed(run: Run) -> list[Html]:
    if not (run.path / rundir.RESUMES).exists():
        return []
    lines = []
    for resume in run.read_json(rundir.RESUMES):
        other = f"; not the same: {', '.join(resume['differing'])}" if resume["differing"] else ""
        lines.append(tag("li", f"after epoch {resume['epoch']}, step {resume['step']}, {resume['time']}{other}"))
    return [tag("h3", "Taken up again"), tag("ul", *lines)]


def again(run: Run) -> Html:
    """The commands that give this run again."""
    folder = shlex.quote(str(run))
    config = shlex.quote(str(Path(str(run)) / rundir.CONFIG))
    lines = (
        ("# train it again and compare every figure", f"zoo reproduce {folder}"),
        ("# the same net from other random weights", f"zoo train {config} --seeds 1,2"),
        ("# its figures once more, from the kept weights", f"zoo evaluate {folder}"),
    )
    shown = tag("pre", "\n".join(line for pair in lines for line in pair), tabindex=0)
    exact = (
        "On the same machine and with the same versions every figure comes out equal to the last bit."
        if run.config.runtime.deterministic
        else "This run was not asked to be deterministic."
    )
    return section("again", "Do it again", shown, tag("p", exact, class_="muted"))
