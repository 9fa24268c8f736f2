"""TFRecord files, read at random: an index of where each image stands, built in one pass that checks every record.

Source: tensorflow/core/lib/io/record_writer.h: a record is its length (uint64), the masked CRC-32C of these eight
bytes, the payload and its masked CRC-32C, little-endian, one after the other. A payload is a serialized
tf.train.Example, inside of which the bytes of an image stand as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import google_crc32c
import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from zoo.data.images.files import ImageFiles
from zoo.errors import ZooError

MAX_RECORD = 2**28  # bytes; a picture of the largest size that is read has fewer
_HEAD, _TAIL = struct.Struct("<QI"), struct.Struct("<I")


@dataclass(frozen=True, kw_only=True)
class ImageRecords(ImageFiles):
    """N images inside of records: `spans` holds the number of the shard, the offset in it and the length."""

    shards: tuple[Path, ...]
    spans: np.ndarray  # int64 (N, 3)

    def places(self, rows: np.ndarray) -> np.ndarray:
        """int64 (len(rows), 3)."""
        return self.spans[rows]

    def fetch(self, place: tf.Tensor) -> tf.Tensor:
        """The bytes at a span. Traceable, at the price of a call into Python."""
        contents = tf.numpy_function(self._bytes, [place], tf.string, stateful=False)
        return tf.ensure_shape(contents, [])

    def _bytes(self, span: np.ndarray) -> bytes:
        shard, offset, length = map(int, span)
        with open(self.shards[shard], "rb", buffering=0) as file:
            file.seek(offset)
            return file.read(length)

    def rows(self, mask: np.ndarray) -> ImageRecords:
        """Those where the mask is true."""
        return replace(cast(ImageRecords, super().rows(mask)), spans=self.spans[mask])


def payloads(path: Path, passed: Callable[[bytes], None]) -> Iterator[tuple[int, bytes | str]]:
    """(offset of its payload, the payload or what is wrong with it) of each record; all bytes also go to `passed`.

    After a cut or a damaged length nothing more can be found. Raises ZooError for a file that is not a TFRecord.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            passed(head)
            offset = file.tell()
            length, check = _HEAD.unpack(head) if len(head) == _HEAD.size else (size, 0)
            if len(head) == _HEAD.size and check != _masked_crc(head[:8]):
                if offset == _HEAD.size:
                    raise _foreign(path, head)
                yield offset, "damaged length"
                return
            if offset + length + _TAIL.size > size:
                yield offset, "cut short"
                return
            if length > MAX_RECORD:
                yield offset, f"{length:,} bytes, over the limit of {MAX_RECORD // 2**20} MB"
                return
            payload, tail = file.read(length), file.read(_TAIL.size)
            passed(payload + tail)
            yield offset, payload if _TAIL.unpack(tail)[0] == _masked_crc(payload) else "wrong checksum"


def features(payload: bytes) -> dict[str, list[bytes] | list[int] | list[float]]:
    """A serialized tf.train.Example as plain values. Raises ValueError if it is none."""
    try:
        given = tf.train.Example.FromString(payload).features.feature
    except DecodeError as e:
        raise ValueError("not a tf.train.Example") from e
    return {
        key: list(getattr(value, kind).value) if (kind := value.WhichOneof("kind")) else []
        for key, value in given.items()
    }


def _masked_crc(contents: bytes) -> int:
    crc = google_crc32c.value(contents)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _foreign(path: Path, head: bytes) -> ZooError:
    packed = head.startswith(b"\x1f\x8b")
    return ZooError(
        f"{path} is {'gzip-compressed' if packed else 'not a TFRecord file, or damaged in its first bytes'}",
        "uncompressed TFRecords, in which a record can be read without those before it",
        f"unpack it: gunzip -S '' {path.name}" if packed else "correct data.path",
    )
