"""Reading old official files that hold pickles, without pickle's power: NumPy arrays and plain values only."""

from __future__ import annotations

import pickle
from typing import IO, Any

import numpy as np

from zoo.errors import ZooError

_reconstruct = np.empty(0).__reduce__()[0]  # numpy's own rebuilding function, wherever this numpy keeps it
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,  # files written by numpy 1
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,  # files written by numpy 2
}


class _ArrayUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], where: str, encoding: str):
        super().__init__(file, encoding=encoding)
        self.where = where

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        raise ZooError(
            f"{self.where} wants to load {module}.{name}, which is refused",
            "a pickle of NumPy arrays and plain values only",
            "get the official file again; this one may be harmful",
        )

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("persistent ids are not read")


def load_arrays(file: IO[bytes], where: str, *, encoding: str = "ASCII") -> Any:
    """The object pickled in `file`; every class but NumPy's arrays is refused with a ZooError.

    `encoding="bytes"` reads files written by Python 2. A damaged pickle raises ZooError as well.
    """
    try:
        return _ArrayUnpickler(file, where, encoding).load()
    except ZooError:
        raise
    except Exception as e:  # pickle raises nearly anything on damaged input
        raise ZooError(
            f"{where} is damaged ({type(e).__name__})", "the complete official file", "download it again"
        ) from e
