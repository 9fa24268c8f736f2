"""`model.args.embedding`: a file of word vectors for any text model, with which its embedding begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.catalog import registry
from zoo.errors import ZooError

if TYPE_CHECKING:
    from pathlib import Path

    import keras

    from zoo.config import Config
    from zoo.data import DataInfo

FILE, TRAINABLE = "embedding", "embedding_trainable"


def asked(config: Config) -> bool:
    """Whether the config names a file of vectors (and its builder has no such argument of its own)."""
    return FILE in config.model.args and not registry.takes(config.model.name, FILE)


def settle(words: dict[str, Any], name: str) -> None:
    """Turn the two words of the config into those of the builder: the file's dimension, Kim's variant.

    Raises:
        ZooError: not a text model, another `embedding_dim` than the file's, a variant without given vectors.
    """
    from zoo.data.text.vectors import dimension

    if FILE not in words or registry.takes(name, FILE):
        if TRAINABLE in words:
            raise ZooError(f"model.args.{TRAINABLE} is given without model.args.embedding", "both", "add or remove it")
        return
    path, trainable = words.pop(FILE), words.pop(TRAINABLE, None)
    if not isinstance(path, str):
        raise ZooError(f"model.args.embedding is {path!r}", "the path of a file of word vectors", "correct it")
    if trainable not in (None, True, False):
        raise ZooError(f"model.args.{TRAINABLE} is {trainable!r}", "true or false", "correct it")
    if not registry.takes(name, "embedding_dim"):
        raise ZooError(f"{name} has no embedding", "a text model", "remove model.args.embedding")
    size = dimension(path)
    if words.setdefault("embedding_dim", size) != size:
        raise ZooError(
            f"model.args.embedding_dim is {words['embedding_dim']}, but the vectors in {path} have {size} numbers",
            f"{size}",
            "leave embedding_dim out: it comes from the file",
        )
    if registry.takes(name, "variant"):
        _kims(words, name, trainable)


def refuse(words: dict[str, Any]) -> None:
    """Refuse what concerns words where a net reads numbers.

    Raises:
        ZooError: one of them is given.
    """
    for word in ("vocabulary_size", "embedding_dim", "mask", FILE, TRAINABLE):
        if word in words:
            raise ZooError(f"model.args.{word} is given, but the data are numbers, not words", mend=f"remove {word}")


def _kims(words: dict[str, Any], name: str, trainable: bool | None) -> None:
    """Kim 2014, Sec. 3.3, says by `variant` whether given vectors are kept."""
    of_row = None if registry.is_own_builder(name) else registry.describe(name).args.get("variant")
    variant = words.get("variant", None if of_row == "rand" else of_row)
    if variant == "rand":
        raise ZooError(
            f"{name} with variant 'rand' begins with random vectors",
            "static, non-static or multichannel",
            "remove model.args.embedding, or choose another variant",
        )
    if variant is None:
        words["variant"] = "static" if trainable is False else "non-static"
    elif trainable is not None:
        what = f"model.args.{TRAINABLE} is given together with variant '{variant}'"
        raise ZooError(what, "one of the two", "remove one")


def fill(model: keras.Model, config: Config, info: DataInfo) -> str:
    """Put the vectors into a fresh model's embedding -> what is to be said about it.

    Raises:
        ZooError: data without a vocabulary, weights given too, a damaged file.
    """
    import keras

    from zoo.data.text.vectors import read_vectors

    path = config.model.args[FILE]
    if config.model.weights is not None:
        raise ZooError("model.weights and model.args.embedding are both given", "one of the two", "remove one")
    if info.vocabulary is None:
        raise ZooError(
            f"{info.name} has no vocabulary, so its tokens have no vectors",
            "data whose words are known",
            "put imdb_word_index.json beside the data file, or remove model.args.embedding",
        )
    vectors = read_vectors(path, info.vocabulary, seed=config.runtime.seed)
    kept = config.model.args.get(TRAINABLE) is False
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    for layer in layers:
        rows = keras.ops.convert_to_numpy(layer.embeddings).copy()
        rows[: len(vectors.matrix)] = vectors.matrix
        layer.embeddings.assign(rows)
        layer.trainable = layer.trainable and not kept
    trained = "trained" if any(layer.trainable for layer in layers) else "kept"
    share = vectors.found / vectors.words
    return f"vectors for {vectors.found:,} of {vectors.words:,} words ({share:.1%}) from {path}, {trained}"


def without_file(config: Config, weights: Path) -> dict[str, Any]:
    """`model.args` where the weights hold the vectors already: the file is not needed again."""
    from zoo.weights import manifest

    words = dict(config.model.args)
    if not asked(config):
        return words
    trainable = words.pop(TRAINABLE, None)
    del words[FILE]
    size = next(row["shape"][1] for row in manifest.stored(weights) if row["path"].endswith("/embeddings"))
    words["embedding_dim"] = size
    if registry.takes(config.model.name, "variant"):
        _kims(words, config.model.name, trainable)
    return words
