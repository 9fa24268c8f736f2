"""Speed, measured on this machine and printed as ratios against a named peer of the same run.

    python scripts/benchmark.py                 everything
    python scripts/benchmark.py runner build    the named parts

Parts:
    start     seconds of `zoo list` and `zoo --help`, each a fresh process (promised: 0.5)
    runner    samples per second of the runner's training against a bare `model.fit` on NumPy arrays (promised: 0.97)
    build     seconds to build ResNet-152 against keras.applications.ResNet152(weights=None) (promised: 1.5 at most)
    norm      training steps per second of a net with the zoo's BatchNormalization against Keras's own

Machines are noisy: rounds alternate, medians and ratios count, single seconds do not.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROUNDS = 5


def alternate(ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS) -> tuple[list, list]:
    """Run both in turn, after one uncounted round each; returns what they measured."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def report(name: str, ours: list[float], theirs: list[float], unit: str, peer: str) -> None:
    """One line: both medians and the median of the ratios, round by round."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(f"{name:<28} zoo {statistics.median(ours):10.2f} {unit:<10} "
          f"{peer} {statistics.median(theirs):10.2f} {unit:<10} ratio {ratio:.3f}", flush=True)  # fmt: skip


def start() -> None:
    """Whole processes, as a user waits for them."""
    for words in (["list"], ["--help"]):
        seconds = []
        for _ in range(2 * ROUNDS):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-m", "zoo", *words], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - begun)
        print(f"zoo {' '.join(words):<24} {statistics.median(seconds):10.2f} s (median of {len(seconds)})", flush=True)


RUNNER = {
    "lenet5": {
        "model": {"name": "lenet5"},
        "data": {"name": "synthetic", "samples": 60000, "classes": 10, "shape": [32, 32, 1], "batch_size": 64},
        "train": {"epochs": 2},
    },
    "bilstm_imdb": {
        "model": {"name": "bilstm_imdb"},
        "data": {"name": "synthetic", "kind": "tokens", "samples": 3000, "num_words": 10000, "maxlen": 200,
                 "batch_size": 128},
        "train": {"epochs": 2},
    },
}  # fmt: skip


def runner() -> None:
    """Both train the same compiled model for the same epochs with the same validation, from call to return.

    Ours with its history, best weights, states on disk and display; the bare fit with none of them. The uncounted
    first round traces the step for both.
    """
    import io

    from rich.console import Console

    import zoo.runner
    from zoo import rundir
    from zoo.config import Config
    from zoo.training.state import Signals

    for name, blocks in RUNNER.items():
        config = Config.from_dict({"name": name, **blocks})
        ours_job, bare_job = zoo.runner.prepare(config), zoo.runner.prepare(config)
        x, y = bare_job.data.train.arrays()
        batches = list(bare_job.data.validation.as_numpy_iterator())
        validation = tuple(np.concatenate(part) for part in zip(*batches, strict=True))

        samples = len(y) * config.train.epochs

        def ours(job=ours_job, config=config, samples=samples) -> float:
            with tempfile.TemporaryDirectory() as folder:
                run = rundir.create(Path(folder), config.name, config.to_yaml(), {})
                begun = time.perf_counter()
                zoo.runner._fit(run, job, "auto", Signals(), Console(file=io.StringIO()))
                return samples / (time.perf_counter() - begun)

        def bare(job=bare_job, config=config, x=x, y=y, validation=validation) -> float:
            begun = time.perf_counter()
            job.model.fit(x, y, batch_size=config.data.batch_size, epochs=config.train.epochs,
                          validation_data=validation, validation_batch_size=config.data.batch_size,
                          verbose=0)  # fmt: skip
            return len(y) * config.train.epochs / (time.perf_counter() - begun)

        report(f"runner, {name}", *alternate(ours, bare), "samples/s", "bare fit")


def build() -> None:
    """Construction with fresh weights; lower is better."""
    import keras

    import zoo

    def timed(make: Callable) -> Callable[[], float]:
        def once() -> float:
            keras.backend.clear_session()
            gc.collect()
            begun = time.perf_counter()
            make()
            return time.perf_counter() - begun

        return once

    pair = alternate(timed(lambda: zoo.create_model("resnet152")),
                     timed(lambda: keras.applications.ResNet152(weights=None)), 3)  # fmt: skip
    report("build, resnet152", *pair, "s", "keras")


def norm() -> None:
    """ResNet-20 on batches of 32x32: the same builder with either BatchNormalization."""
    import keras

    from zoo import layers
    from zoo.models import resnet_cifar

    x = np.random.default_rng(0).normal(size=(128, 32, 32, 3)).astype("float32")
    y = np.arange(128) % 10

    def trainer(norm_class: type) -> Callable[[], float]:
        original, layers.BatchNormalization = resnet_cifar.BatchNormalization, norm_class
        resnet_cifar.BatchNormalization = norm_class
        try:
            model = resnet_cifar.resnet_cifar(20)
        finally:
            resnet_cifar.BatchNormalization = layers.BatchNormalization = original
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)

        def once() -> float:
            begun = time.perf_counter()
            for _ in range(5):
                model.train_on_batch(x, y)
            return 5 / (time.perf_counter() - begun)

        return once

    pair = alternate(trainer(layers.BatchNormalization), trainer(keras.layers.BatchNormalization))
    report("train step, resnet20_cifar", *pair, "steps/s", "keras BN")


PARTS = {"start": start, "runner": runner, "build": build, "norm": norm}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which to measure; all by default")
    for part in parser.parse_args().parts or PARTS:
        PARTS[part]()


if __name__ == "__main__":
    main()
