"""Batches of texts of like length, padded to a few lengths in place of one: less padding is read, the same texts are.

A text goes to the shortest bucket that leaves `SLACK` places of padding beside it, or to the longest bucket. So a
window of up to SLACK words with padding in it is there in the bucket exactly when it is there at full length, and a
net of convolutions and max pooling gives the same logits at both; a recurrent net must mask the padding.

An epoch has as many batches as without buckets: what is left over in each bucket fills common batches, padded for the
longest of them, and the last batch of an epoch is the smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

SLACK = 8  # Kim's windows are 3, 4 and 5 words
MOST = 6  # lengths, since XLA compiles a net for each


@dataclass(frozen=True)
class Buckets:
    """N texts in buckets.

    Attributes:
        edges: the length of each bucket's texts with their padding, rising; the last is that of all texts.
        of: int32 (N,), the bucket of each text.
        pad: "pre" or "post", the side that is cut off.
    """

    edges: tuple[int, ...]
    of: np.ndarray
    pad: str

    @classmethod
    def of_lengths(cls, lengths: np.ndarray, length: int, pad: str) -> Buckets:
        """Buckets for texts of `lengths` tokens, kept at most `length`, that hold about equally many texts each."""
        wanted = np.minimum(lengths + SLACK, length)
        shares = np.linspace(0, 1, MOST + 1)[1:]
        edges = np.unique([*np.ceil(np.quantile(wanted, shares) / SLACK).astype(int) * SLACK, length])
        edges = edges[edges <= length]
        return cls(tuple(int(e) for e in edges), np.searchsorted(edges, wanted).astype(np.int32), pad)

    def plan(self, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """(int64 (N,), int64 (steps,)): a place in the texts sorted by bucket for each place of the epoch's batches,
        and the length of each batch."""
        counts = np.bincount(self.of, minlength=len(self.edges))
        first = np.cumsum(counts) - counts
        full = counts // batch_size * batch_size
        whole = [np.arange(f, f + n) for f, n in zip(first, full, strict=True)]
        left = [np.arange(f + n, f + c) for f, n, c in zip(first, full, counts, strict=True)]
        places = np.concatenate([*whole, *left])
        longest = np.sort(self.of)[places]  # the bucket of each place
        last = np.minimum(np.arange(batch_size, len(places) + batch_size, batch_size), len(places)) - 1
        return places, np.array(self.edges, np.int64)[longest[last]]

    def epoch(self, shuffled: tf.Tensor, seed: tf.Tensor, batch_size: int) -> tuple[tf.Tensor, tf.Tensor]:
        """All texts in a random order -> (int64 (N,), int64 (steps,)): the batches, also in a random order, and their
        lengths. The smaller batch comes last."""
        places, lengths = self.plan(batch_size)
        whole = len(places) // batch_size
        by_bucket = tf.gather(shuffled, tf.argsort(tf.gather(self.of, shuffled), stable=True))
        turn = tf.random.experimental.stateless_shuffle(tf.range(whole), seed=seed)
        order = tf.gather(by_bucket, places)
        batches = tf.gather(tf.reshape(order[: whole * batch_size], [whole, batch_size]), turn)
        order = tf.concat([tf.reshape(batches, [-1]), order[whole * batch_size :]], axis=0)
        return order, tf.concat([tf.gather(lengths[:whole], turn), lengths[whole:]], axis=0)

    def cut(self, x: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """(B, T) -> (B, length), without the padding beyond it."""
        return x[:, -length:] if self.pad == "pre" else x[:, :length]

    def describe(self, lengths: np.ndarray, batch_size: int) -> str:
        """How much of the batches is padding, with buckets and without."""
        _, sizes = self.plan(batch_size)
        rows = np.full(len(sizes), batch_size)
        rows[-1] = len(self.of) - batch_size * (len(sizes) - 1)
        words = np.minimum(lengths, self.edges[-1]).sum()
        waste, before = 1 - words / (rows * sizes).sum(), 1 - words / (len(self.of) * self.edges[-1])
        edges = ", ".join(map(str, self.edges))
        return f"batches padded to {edges} words: {waste:.1%} of them is padding, {before:.1%} without data.bucket"
