"""Labels for new inputs, through the very preprocessing and vocabulary of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.runs import folder as rundir
from zoo.runs.folder import Run


def predict(run: Run | str, inputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Predict a label for each input.

    Args:
        run: a `Run` or its folder.
        inputs: for image runs, image files or arrays (height, width, channels) of 0..255; for text runs, texts; for
            runs on numbers over time, .csv or .npy files or arrays (time, columns).

    Returns:
        One `{"input", "label", "probability", "probabilities": {class: probability}}` per input, or per window of it
        for numbers over time, the classes in falling order of probability.

    Raises:
        ZooError: an input that is not an image, an empty text, fewer time steps than a window, a folder half there.
    """
    import numpy as np

    from zoo.data.preprocess import Preprocessor
    from zoo.runs.evaluate import probabilities
    from zoo.runs.net import model_of
    from zoo.training import devices

    run = run if isinstance(run, Run) else rundir.open_run(run)
    if isinstance(inputs, str | bytes) or not len(inputs):
        raise ZooError("predict was given no list of inputs", "a list of images or texts", "put the input in brackets")
    info = run.data
    preprocessor = Preprocessor.from_dict(info["preprocessing"], run.vocabulary)
    batch, names = preprocessor.inputs(inputs)
    with devices.place(run.config.runtime.device):
        model = model_of(run)
        logits = model.predict(batch, batch_size=64, verbose=0)
    logits = np.asarray(logits[0] if isinstance(logits, list) else logits, "float32")
    rows = []
    for shown, row in zip(names, probabilities(logits, run.config), strict=True):
        order = np.argsort(-row, kind="stable")
        ranked = {info["class_names"][i]: float(row[i]) for i in order}
        rows.append(
            {
                "input": shown,
                "label": next(iter(ranked)),
                "probability": next(iter(ranked.values())),
                "probabilities": ranked,
            }
        )
    return rows


def read_texts(words: Sequence[str]) -> list[str]:
    """Texts as given on the command line: an argument that names a file stands for what is in it.

    Raises:
        ZooError: the file is not there, or it is not UTF-8 text.
    """
    texts = []
    for word in words:
        path = Path(word)
        if len(word) > 255 or not path.is_file():
            if len(word.split()) == 1 and path.suffix in (".txt", ".png", ".jpg", ".jpeg"):
                raise ZooError(f"there is no file {word}", "a text, or a file of text", "check the path")
            texts.append(word)
            continue
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise ZooError(
                f"{path} is not a text in UTF-8 (byte {error.start})", "a text file", "convert it with `iconv -t UTF-8`"
            ) from error
    return texts
