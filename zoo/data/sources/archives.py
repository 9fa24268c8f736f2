"""Archives read as data: nothing is unpacked to disk, no link is followed, nothing outside is touched."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from zoo.errors import ZooError


def members(
    path: Path, want: str, wanted: Callable[[PurePosixPath, tarfile.TarInfo], bool]
) -> Iterator[tuple[PurePosixPath, tarfile.TarInfo, bytes]]:
    """(name, header, contents) of each folder and file in a tar, packed or not; contents of the `wanted` files alone.

    Raises ZooError for a name that leads out of the archive, for links and devices, and for a file that is no tar or
    is cut; `want` says what it should be.
    """
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                where = PurePosixPath(member.name)
                refused = (
                    "leads out of the archive"
                    if where.is_absolute() or ".." in where.parts
                    else ""
                    if member.isfile() or member.isdir()
                    else "is a link or a device"
                )
                if refused:
                    raise ZooError(f"{member.name!r} in {path} {refused}", "files and folders alone", "pack it anew")
                yield where, member, archive.extractfile(member).read() if wanted(where, member) else b""
    except (tarfile.TarError, OSError, EOFError, zlib.error) as e:
        raise ZooError(
            f"{path} cannot be read as an archive", want, "the file may be cut or of another kind; get it again"
        ) from e
