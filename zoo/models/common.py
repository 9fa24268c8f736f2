"""What every builder needs: the check of its arguments, and the last layer."""

from __future__ import annotations

import keras

from zoo.errors import ZooError, did_you_mean


def check_input(input_shape, minimum: int, name: str, *, classes: int = 1, dynamic: bool = False) -> None:
    """Refuse an image shape or a class count the net cannot be built for.

    Args:
        input_shape: (height, width, channels).
        minimum: the smallest side the net can shrink.
        name: the model, for the sentence.
        classes: how many logits are asked for.
        dynamic: whether sides may be None (nets that end in global pooling).

    Raises:
        ZooError: with what was given, what was expected and the mend.
    """
    check_classes(classes, name)
    shape = tuple(input_shape)
    if len(shape) != 3 or not _positive(shape[2]):
        raise ZooError(
            f"{name} was given input_shape {_show(shape)}",
            "(height, width, channels) with one channel or more",
            f"try input_shape=({minimum}, {minimum}, 3)",
        )
    for side in shape[:2]:
        if side is None and dynamic:
            continue
        if not _positive(side) or side < minimum:
            raise ZooError(
                f"{name} was given input_shape {_show(shape)}",
                f"height and width of at least {minimum}" + ("" if dynamic else ", and no None"),
                "make the images larger (data.image_size) or choose a smaller net",
            )


def check_classes(classes: int, name: str) -> None:
    """Refuse a class count below one."""
    if not _positive(classes):
        raise ZooError(f"{name} was given classes={classes!r}", "a whole number of 1 or more", "set classes")


def check_sequence(name: str, *, classes: int, sequence_length: int | None, **sizes: int) -> None:
    """Refuse sizes of a text model below one; `sequence_length` may be None (any length)."""
    check_classes(classes, name)
    lengths = {} if sequence_length is None else {"sequence_length": sequence_length}
    for key, value in {**lengths, **sizes}.items():
        if not _positive(value):
            raise ZooError(f"{name} was given {key}={value!r}", "a whole number of 1 or more", f"set {key}")


def check_choice(name: str, argument: str, value, choices) -> None:
    """Refuse a number or variant that the paper does not have; the nearest one is given."""
    choices = list(choices)
    if isinstance(value, bool) or value not in choices:
        known = ", ".join(str(choice) for choice in choices[:6]) + (", ..." if len(choices) > 6 else "")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and not isinstance(choices[0], str):
            mend = f"did you mean {min(choices, key=lambda c: abs(c - value))}?"
        else:
            mend = did_you_mean(str(value), map(str, choices))
        raise ZooError(f"{name} was given {argument}={value!r}", f"one of {known}", mend)


def logits(x, classes: int, *, name: str = "predictions", **arguments):
    """(..., F) -> (..., classes): the last layer, without activation and in float32 under every precision."""
    return keras.layers.Dense(classes, dtype="float32", name=name, **arguments)(x)


def _positive(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _show(shape: tuple) -> str:
    return "(" + ", ".join(str(side) for side in shape) + ("," if len(shape) == 1 else "") + ")"
