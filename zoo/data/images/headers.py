"""What an image file says about itself before a pixel is decoded: its size, so that a huge one costs nothing.

Sources: ITU-T T.81 Annex B (JPEG), W3C PNG 2nd ed. Sec. 11.2.2, CompuServe GIF89a, Microsoft BITMAPINFOHEADER.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAX_PIXELS = 2**26  # 67 million: any camera's picture, and at most 200 MB once decoded
HEAD = 2**16  # bytes in which nearly every header stands

_SIZE_OF_FRAME = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}  # JPEG's SOF markers
_ALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length


KINDS = ("jpeg", "png", "bmp", "gif")


class Header(NamedTuple):
    """Size in pixels, whether the picture is grey, and one of KINDS."""

    height: int
    width: int
    grey: bool
    kind: str


class Unreadable(ValueError):
    """A file that is no picture we can read; the text says why."""


class Cut(Unreadable):
    """The size stands beyond the bytes that were given."""


def measure(head: bytes) -> Header:
    """What the first bytes of a JPEG, PNG, BMP or GIF file say.

    Raises Unreadable, saying why: nothing in the file, another kind of file, a size of zero or beyond MAX_PIXELS.
    """
    if not head:
        raise Unreadable("0 bytes")
    kind = _MAGIC.get(head[:2])
    if kind is None or not head.startswith(_STARTS[kind]):
        raise Unreadable("not a JPEG, PNG, BMP or GIF file")
    try:
        height, width, grey = _READ[kind](head)
    except (struct.error, IndexError):
        raise Cut("cut short") from None
    if height < 1 or width < 1:
        raise Unreadable(f"{height}x{width} pixels")
    if height * width > MAX_PIXELS:
        raise Unreadable(f"{height:,}x{width:,} pixels, over the limit of {MAX_PIXELS // 10**6} million")
    return Header(height, width, grey, kind)


def _jpeg(head: bytes) -> tuple[int, int, bool]:
    at = 2
    while True:
        if head[at] != 0xFF:
            raise Unreadable("a JPEG file with a broken header")
        marker = head[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SIZE_OF_FRAME:
            height, width, components = struct.unpack(">HHB", head[at + 5 : at + 10])
            return height, width, components == 1
        else:
            at += 2 + struct.unpack(">H", head[at + 2 : at + 4])[0]


def _png(head: bytes) -> tuple[int, int, bool]:
    width, height, _, colour = struct.unpack(">IIBB", head[16:26])
    return height, width, colour in (0, 4)


def _gif(head: bytes) -> tuple[int, int, bool]:
    width, height = struct.unpack("<HH", head[6:10])
    return height, width, False


def _bmp(head: bytes) -> tuple[int, int, bool]:
    width, height, _, bits, compression = struct.unpack("<iiHHI", head[18:34])
    palette = {head[at : at + 3] == bytes([i] * 3) for i, at in enumerate(range(54, min(54 + 4 * 256, len(head)), 4))}
    if compression not in (0, 3) or bits not in (8, 24, 32) or (bits == 8 and palette != {True}):
        raise Unreadable("a BMP file with a palette or compression")  # TensorFlow would take its indices for greys
    return abs(height), width, bits == 8


_STARTS = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "bmp": b"BM", "gif": b"GIF8"}
_MAGIC = {start[:2]: kind for kind, start in _STARTS.items()}
_READ = {"jpeg": _jpeg, "png": _png, "bmp": _bmp, "gif": _gif}
