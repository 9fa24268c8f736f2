"""The table of models: one row a name, data only; the order is the one `zoo list` prints."""

from __future__ import annotations

from zoo.catalog import alexnet, resnet, small, text, vgg
from zoo.spec import ModelSpec

FAMILIES = (small, text, alexnet, vgg, resnet)

CATALOG: dict[str, ModelSpec] = {row.name: row for family in FAMILIES for row in family.ROWS}
