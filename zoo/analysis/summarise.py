"""`zoo.summary`: a model, also by its name, block by block or layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.catalog import registry

if TYPE_CHECKING:
    import keras

    from zoo.graph.summary import Summary


def summary(model_or_name: keras.Model | str, *, all_layers: bool = False, explain: bool = False) -> Summary:
    """Summarize a model: output shape, parameters, multiply-adds, receptive field and their shares.

    Args:
        model_or_name: any built functional `keras.Model`, a catalogue name or `"package.module:function"`.
        all_layers: a row for every layer; by default the paper's blocks, equal ones in a row written once.
        explain: derive every number by its formula (of equal blocks the first).

    Raises:
        ZooError: an unknown name, a model that has not been built.
    """
    from zoo.graph.summarise import summarise

    model = outline(model_or_name) if isinstance(model_or_name, str) else model_or_name
    return summarise(model, all_layers=all_layers, explain=explain)


def outline(name: str) -> keras.Model:
    """The model of that name with shapes but without values in its weights: VGG-16 in a moment, not in seconds."""
    import keras

    from zoo.build.create import create_model

    registry.builder(name)  # an unknown name is refused before Keras is asked anything
    with keras.StatelessScope(initialize_variables=False):
        return create_model(name)
