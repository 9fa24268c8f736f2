"""A space as TensorBoard's projector reads it: https://projector.tensorflow.org, or `tensorboard --logdir FOLDER`."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.analysis.embed.space import Space
from zoo.io import files as disk

if TYPE_CHECKING:
    import numpy as np

TENSORS, METADATA, SPRITE, CONFIG = "tensors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt"
MOST_PIXELS = 8192  # a side of the sprite image, by TensorBoard's limit
THUMBNAIL = 64


def export_projector(space: Space, folder: str | Path) -> list[Path]:
    """Write vectors, names with classes, thumbnails and the configuration that binds them; returns the files.

    Raises:
        ZooError: the folder cannot be written.
    """
    folder = disk.make_folder(Path(folder), "give --projector another folder")
    files = {TENSORS: _tensors(space), METADATA: _metadata(space)}
    sprite = ""
    if space.images is not None:
        files[SPRITE], (height, width) = _sprite(space.images)
        dims = f"    single_image_dim: {width}\n    single_image_dim: {height}\n"
        sprite = f'  sprite {{\n    image_path: "{SPRITE}"\n{dims}  }}\n'
    files[CONFIG] = f'embeddings {{\n  tensor_path: "{TENSORS}"\n  metadata_path: "{METADATA}"\n{sprite}}}\n'
    for name, content in files.items():
        disk.write(folder / name, content)
    return [folder / name for name in files]


def _tensors(space: Space) -> str:
    return "".join("\t".join(f"{value:.7g}" for value in row) + "\n" for row in space.vectors)


def _metadata(space: Space) -> str:
    """A header only where there are several columns: TensorBoard takes the first line of one column as a point."""
    columns = {"name": space.names}
    for title, indices in (("class", space.labels), ("predicted", space.predicted)):
        if indices is not None:
            columns[title] = [space.class_names[i] for i in indices]
    rows = list(zip(*columns.values(), strict=True))
    lines = [tuple(columns), *rows] if len(columns) > 1 else rows
    return "".join("\t".join(" ".join(str(cell).split()) or "-" for cell in line) + "\n" for line in lines)


def _sprite(images: np.ndarray) -> tuple[bytes, tuple[int, int]]:
    """One PNG with all thumbnails row by row in a square, and the size of one."""
    import numpy as np
    from PIL import Image

    side = math.ceil(math.sqrt(len(images)))
    most = max(1, min(THUMBNAIL, MOST_PIXELS // side))
    scale = min(1.0, most / max(images.shape[1:3]))
    height, width = (max(1, int(length * scale)) for length in images.shape[1:3])
    sheet = Image.new("RGB", (side * width, side * height), "white")
    for i, image in enumerate(images):
        picture = Image.fromarray(np.broadcast_to(image, (*image.shape[:2], 3)).astype("uint8"))
        sheet.paste(picture.resize((width, height)), (i % side * width, i // side * height))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue(), (height, width)
