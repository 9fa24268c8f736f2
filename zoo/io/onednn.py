"""TensorFlow's oneDNN kernels, about twice as fast in training: asked for before TensorFlow is imported, or never.

TensorFlow switches them on by itself only where the processor has instructions for neural nets (AVX-512 VNNI, AMX and
their kin), and reads the wish once, at its import. Bits are equal under one setting only, so a run keeps its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zoo.errors import ZooError

VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
ON_BY_ITSELF = {"avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16"}  # as /proc/cpuinfo writes
_said = False


def switch_on() -> None:
    """Ask for oneDNN, unless the user has chosen; to be called before TensorFlow is imported.

    Where that has happened already and they are off it is too late, which is said once with the line to add.
    """
    global _said
    if VARIABLE in os.environ:
        return
    if "tensorflow" not in sys.modules:
        os.environ[VARIABLE] = "1"
    elif not _said and not in_effect():
        _said = True
        print(
            f"zoo: TensorFlow was imported before the zoo, without its oneDNN kernels, which train about twice as "
            f"fast; to have them, begin with: {line(True)}",
            file=sys.stderr,
        )


def go_on_with(setting: bool) -> None:
    """Ask for the setting that a run was begun with; to be called before TensorFlow is imported."""
    os.environ[VARIABLE] = "1" if setting else "0"


def in_effect() -> bool:
    """Whether the TensorFlow of this process computes by oneDNN, whatever the variable says by now."""
    from tensorflow.python.util import _pywrap_util_port  # there is no public way to ask

    return bool(_pywrap_util_port.IsMklEnabled())


def by_itself() -> bool:
    """Whether TensorFlow switches them on by itself on this processor: what runs had before the zoo asked for them."""
    return bool(ON_BY_ITSELF & set(features()))


def features() -> list[str]:
    """Of the processor's features those that decide how fast nets are, as /proc/cpuinfo writes them."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return []
    flags = next((one for one in text.splitlines() if one.startswith("flags")), "").split()
    return [flag for flag in flags if flag in ON_BY_ITSELF | {"avx", "avx2", "fma", "avx512f"}]


def check(run: object, begun_with: bool) -> None:
    """Refuse to go on with a run that was begun under the other setting.

    Raises:
        ZooError: with the line to add.
    """
    if begun_with != in_effect():
        raise ZooError(
            f"{run} was begun with TensorFlow's oneDNN kernels {_word(begun_with)}, and here they are "
            f"{_word(not begun_with)}, which gives other bits",
            "the setting it was begun with",
            f"begin with the line: {line(begun_with)}",
        )


def line(setting: bool) -> str:
    """The first line of a notebook or script that wants this setting."""
    return f'import os; os.environ["{VARIABLE}"] = "{int(setting)}"'


def _word(setting: bool) -> str:
    return "on" if setting else "off"
