"""The kinds of values a config holds, each with the words that stand in the message when a value is none of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, WrapValidator

from zoo.errors import did_you_mean

from .mistakes import Problems, wrong

LARGEST = 10**9  # of counts: nothing here is larger


def says(expected: str, choices: tuple[str, ...] = ()) -> WrapValidator:
    """Replaces pydantic's words for a wrong value by ours."""

    def validate(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError:
            large = isinstance(value, int) and value > LARGEST
            said = f"{expected} up to {LARGEST:,}" if large else expected
            close = did_you_mean(value, choices) if choices and isinstance(value, str) else ""
            raise Problems([wrong((), said, value, close if "?" in close else "")]) from None

    return WrapValidator(validate)


def one_of(*choices: str) -> WrapValidator:
    return says("one of " + ", ".join(choices), choices)


Positive = Annotated[int, Field(gt=0, le=LARGEST), says("a positive integer")]
PositiveOrNull = Annotated[int | None, Field(gt=0, le=LARGEST), says("a positive integer or null")]
Whole = Annotated[int, Field(ge=0, le=LARGEST), says("an integer of at least 0")]
Seed = Annotated[int, Field(ge=0, lt=2**32), says("an integer from 0 to 4294967295")]
Share = Annotated[float, Field(ge=0, lt=1), says("a share from 0 up to, not including, 1")]
ProperShare = Annotated[float, Field(gt=0, lt=1), says("a share between 0 and 1")]
NonNegative = Annotated[float, Field(ge=0), says("a number of at least 0")]
Bool = Annotated[bool, says("true or false")]
Text = Annotated[str, Field(min_length=1), says("a text")]
TextOrNull = Annotated[str | None, Field(min_length=1), says("a text or null")]
Mode = Annotated[Literal["auto", "min", "max"], one_of("auto", "min", "max")]
Side = Annotated[Literal["pre", "post"], one_of("pre", "post")]
Numbers = Annotated[tuple[float, ...] | None, Strict(False), Field(min_length=1)]


class Block(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=False, protected_namespaces=()
    )
