"""The table of models: one row a name, data only; the order is the one `zoo list` prints."""

from __future__ import annotations

from zoo.catalog import alexnet, inception, mobile, resnet, small, text, textcnn, vgg
from zoo.catalog.spec import ModelSpec

FAMILIES = (small, text, textcnn, alexnet, vgg, inception, resnet, mobile)

CATALOG: dict[str, ModelSpec] = {row.name: row for family in FAMILIES for row in family.ROWS}
