"""Texts to rows of tokens within a graph, for a model that takes strings: what `tokens` does in Python."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from zoo.data.text.tokens import PAD, SEPARATORS, START, UNKNOWN


class Lookup:
    """string (B) -> int32 (B, length), traceable.

    Args:
        tokens: the token of each word.
        length, pad, truncate: as in `DataInfo.preprocessing`.

    A text without words fails the whole batch (InvalidArgumentError), as `Preprocessor.texts` refuses it.
    """

    def __init__(self, tokens: Mapping[str, int], *, length: int, pad: str, truncate: str):
        initializer = tf.lookup.KeyValueTensorInitializer(list(tokens), list(tokens.values()), tf.string, tf.int32)
        self.table = tf.lookup.StaticHashTable(initializer, default_value=-1)
        self.length, self.pad, self.truncate = length, pad, truncate
        blanks = {c for c in map(chr, range(0x110000)) if c.isspace()} | set(SEPARATORS)  # str.split() cuts at these
        self._blanks = "[" + "".join(f"\\x{{{ord(c):x}}}" for c in sorted(blanks)) + "]+"

    def __call__(self, texts: tf.Tensor) -> tf.Tensor:
        lower = tf.strings.lower(texts, encoding="utf-8")
        words = tf.strings.split(tf.strings.strip(tf.strings.regex_replace(lower, self._blanks, " ")), " ")
        words = tf.ragged.boolean_mask(words, words != "")
        some = tf.debugging.assert_positive(words.row_lengths(), "a text holds no words")
        with tf.control_dependencies([some] if some is not None else []):
            tokens = self._tokens(words)
        tokens = tf.concat([tf.fill([tf.shape(texts)[0], 1], START), tokens], axis=1)
        tokens = tokens[:, -self.length :] if self.truncate == "pre" else tokens[:, : self.length]
        if self.pad == "post":
            return tokens.to_tensor(PAD, shape=[None, self.length])
        lengths = tf.cast(tokens.row_lengths(), tf.int32)
        columns = tf.range(self.length) - (self.length - lengths[:, None])  # which token stands in each column
        rows = tf.gather(tokens.to_tensor(PAD, shape=[None, self.length]), tf.maximum(columns, 0), batch_dims=1)
        return tf.where(columns < 0, PAD, rows)

    def _tokens(self, words: tf.RaggedTensor) -> tf.RaggedTensor:
        """The word's own token, or that of the word without the apostrophes around it."""
        flat = words.flat_values
        found = self.table.lookup(flat)
        bare = self.table.lookup(tf.strings.regex_replace(flat, "^'+|'+$", ""))
        found = tf.where(found >= 0, found, tf.where(bare >= 0, bare, UNKNOWN))
        return words.with_flat_values(found)
