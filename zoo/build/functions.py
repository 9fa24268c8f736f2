"""`zoo.resnet50(...)`: every catalogue name as a function with a signature and docstring that `help()` shows."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from zoo.catalog import registry


@cache
def model_function(name: str) -> Callable[..., Any]:
    """The function `zoo.<name>`; equal to `zoo.create_model("<name>", ...)`. Needs no Keras until it is called."""
    spec = registry.describe(name)

    def build(**arguments: Any) -> Any:
        from zoo.build.create import create_model

        return create_model(name, **arguments)

    keyword = inspect.Parameter.KEYWORD_ONLY
    common = {
        "classes": spec.classes,
        "input_shape": spec.input_shape,
        "weights": None,
        "include_top": True,
        "pooling": None,
        "classifier_activation": None,
    }
    words = {k: v for k, v in registry.paper_arguments(name).items() if k not in ("sequence_length", "features")}
    build.__signature__ = inspect.Signature(
        [inspect.Parameter(k, keyword, default=v) for k, v in {**common, **words}.items()]
    )
    build.__name__ = build.__qualname__ = name
    build.__module__ = "zoo"
    build.__doc__ = _docstring(spec)
    return build


def _docstring(spec: Any) -> str:
    lines = [
        spec.summary,
        "",
        f"Trainable parameters {spec.counts.trainable:,}; total {spec.counts.total:,}"
        + (f"; multiply-adds {spec.counts.macs:,}" if spec.counts.macs else "")
        + f" at input {spec.input_shape} with {spec.classes} outputs. Logits unless classifier_activation is given.",
    ]
    if spec.paper:
        lines += [
            "",
            f'{spec.paper.authors}, "{spec.paper.title}", {spec.paper.venue}, {spec.paper.year}, {spec.paper.url}',
        ]
    lines += [f"Deviation: {d}" for d in spec.deviations] or ["Deviation: none"]
    lines += ["", f'Equal to zoo.create_model("{spec.name}", ...), which describes the common arguments.']
    return "\n".join(lines)
