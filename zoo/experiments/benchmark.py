"""Speed, measured on this machine and printed as ratios against a named peer of the same run.

    zoo benchmark                 everything
    zoo benchmark runner build    the named parts

Parts:
    start     seconds of `zoo list` and `zoo --help`, each a fresh process (promised: 0.5)
    runner    samples per second of the runner's training against a bare `model.fit` on NumPy arrays (promised: 0.97)
    build     seconds to build ResNet-152 against keras.applications.ResNet152(weights=None) (promised: 1.5 at most)
    norm      training steps per second of a net with the zoo's BatchNormalization against Keras's own
    onednn    samples per second of training, and milliseconds of one answer, of five nets with TensorFlow's oneDNN
              kernels against the same without them, each in processes of their own, with the processor's features
    pipeline  images per second out of folders of JPEG files against keras.utils.image_dataset_from_directory, from
              the folder's name to the end of the first epoch and in later ones, kept in memory and streamed
              (aimed at, kept: 1.0 and 5)
    memory    what the peak of a process grows by while a folder larger than its budget is streamed, and one of twice
              the size (promised: hardly more)

Machines are noisy: rounds alternate, medians and ratios count, single seconds do not.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from zoo.errors import ZooError, did_you_mean
from zoo.io import onednn
from zoo.io.terminal import quiet_tensorflow

ROUNDS = 5


def alternate(ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS) -> tuple[list, list]:
    """Run both in turn, after one uncounted round each; returns what they measured."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def report(name: str, ours: list[float], theirs: list[float], unit: str, peer: str) -> None:
    """One line: both medians and the median of the ratios, round by round."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    print(
        f"{name:<28} zoo {statistics.median(ours):10.2f} {unit:<10} "
        f"{peer} {statistics.median(theirs):10.2f} {unit:<10} ratio {ratio:.3f}",
        flush=True,
    )


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
        "data": {
            "name": "synthetic",
            "kind": "tokens",
            "samples": 3000,
            "num_words": 10000,
            "maxlen": 200,
            "batch_size": 128,
        },
        "train": {"epochs": 2},
    },
}


def runner() -> None:
    """Both train the same compiled model for the same epochs with the same validation, from call to return.

    Ours with its history, best weights, states on disk and display; the bare fit with none of them. The uncounted
    first round traces the step for both.
    """
    import io

    from rich.console import Console

    from zoo.config import Config
    from zoo.experiments import train
    from zoo.runs import folder as rundir
    from zoo.runs.job import prepare
    from zoo.training.state import Signals

    for name, blocks in RUNNER.items():
        config = Config.from_dict({"name": name, **blocks})
        ours_job, bare_job = prepare(config), prepare(config)
        x, y = bare_job.data.train.arrays()
        batches = list(bare_job.data.validation.as_numpy_iterator())
        validation = tuple(np.concatenate(part) for part in zip(*batches, strict=True))

        samples = len(y) * config.train.epochs

        def ours(job=ours_job, config=config, samples=samples) -> float:
            with tempfile.TemporaryDirectory() as folder:
                run = rundir.create(Path(folder), config.name, config.to_yaml(), {})
                begun = time.perf_counter()
                train._fit(run, job, "auto", Signals(), Console(file=io.StringIO()), None)
                return samples / (time.perf_counter() - begun)

        def bare(job=bare_job, config=config, x=x, y=y, validation=validation) -> float:
            begun = time.perf_counter()
            job.model.fit(
                x,
                y,
                batch_size=config.data.batch_size,
                epochs=config.train.epochs,
                validation_data=validation,
                validation_batch_size=config.data.batch_size,
                verbose=0,
            )
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

    pair = alternate(
        timed(lambda: zoo.create_model("resnet152")), timed(lambda: keras.applications.ResNet152(weights=None)), 3
    )
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


FIVE_NETS = """
import sys, time
import numpy as np
import zoo
zoo.quiet_tensorflow()
import keras
for name, size in ("lenet5", 64), ("resnet20_cifar", 128), ("bilstm_imdb", 128), ("mobilenet", 16), ("resnet50", 16):
    model = zoo.create_model(name)
    rng, shape = np.random.default_rng(0), model.input_shape[1:]
    x = rng.integers(0, 9999, (size, 200)) if len(shape) == 1 else rng.normal(size=(size, *shape)).astype("float32")
    units = model.output_shape[-1]
    y = np.arange(size) % max(units, 2)
    loss = keras.losses.SparseCategoricalCrossentropy if units > 1 else keras.losses.BinaryCrossentropy
    model.compile("sgd", loss(from_logits=True), jit_compile=len(shape) == 1)
    def seconds(act, least=3.0):
        act(), act()
        begun, done = time.perf_counter(), 0
        while time.perf_counter() - begun < least:
            act()
            done += 1
        return (time.perf_counter() - begun) / done
    step, answer = seconds(lambda: model.train_on_batch(x, y)), seconds(lambda: model.predict_on_batch(x[:1]))
    print(name, size / step, 1000 * answer)
"""


def kernels() -> None:
    """Both settings in turn, each in a process of its own, since TensorFlow reads the wish once."""
    print(f"processor features: {', '.join(onednn.features()) or 'none that matter'}", flush=True)
    found: dict[tuple[str, str], list[list[float]]] = {}
    for _ in range(3):
        for setting in ("1", "0"):
            done = subprocess.run(
                [sys.executable, "-c", FIVE_NETS],
                check=True,
                text=True,
                stdout=subprocess.PIPE,
                env={**os.environ, onednn.VARIABLE: setting},
            )
            for line in done.stdout.splitlines():
                name, *values = line.split()
                found.setdefault((name, setting), []).append([float(value) for value in values])
    for name in dict.fromkeys(name for name, _ in found):
        for k, (what, unit) in enumerate((("train", "samples/s"), ("answer", "ms"))):
            ours, theirs = ([round_[k] for round_ in found[name, setting]] for setting in ("1", "0"))
            report(f"{what}, {name}", ours, theirs, unit, "without oneDNN")


def photos(root: Path, count: int, size: tuple[int, int] = (256, 256)) -> None:
    """JPEG files of shapes, shades and grain, as large as a camera's of that size: train/ and a small test/."""
    from PIL import Image, ImageDraw

    rng, (height, width) = np.random.default_rng(0), size
    for part, number in (("train", count), ("test", 2)):
        for i in range(number):
            square = 2 * i >= number  # in the order of the files' names, as Keras has them in that of the classes
            coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).resize((width, height), Image.BICUBIC)
            left, top = map(int, rng.integers(0, height // 2, 2))
            box = [left, top, left + width // 3, top + height // 4]
            draw = ImageDraw.Draw(coarse)
            (draw.ellipse, draw.rectangle)[square](box, tuple(rng.integers(0, 256, 3)))
            grain = rng.normal(0, 8, (height, width, 3))
            path = root / part / ("round", "square")[square] / f"{i:05d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(path, quality=90)


def load_photos(root: Path, side: int, fit: str):
    """The zoo's data set of a folder of photos."""
    from zoo import data
    from zoo.config import Config

    block = {
        "name": "image_folder",
        "path": str(root),
        "image_size": side,
        "fit": fit,
        "batch_size": 32,
        "validation": 0,
    }
    return data.load(Config.from_dict({"model": {"name": "mobilenet"}, "data": block}).data, seed=0)


def drained(batches: Iterable) -> int:
    """The number of images in all batches."""
    return sum(len(y) for _, y in batches)


def keras_folder(root: Path, size: tuple[int, int], side: int, shuffle: bool = True):
    """Keras's data set of a folder of photos of one size, which gives the pixels that the zoo gives.

    They are divided by 255. Where they are to be smaller, it is with antialiasing and rounded, after Keras has read
    them as they are: Keras itself would leave pixels out.
    """
    import keras
    import tensorflow as tf

    words = {"image_size": size, "shuffle": shuffle, "seed": 0, "verbose": False}
    if size == (side, side):
        batches = keras.utils.image_dataset_from_directory(root / "train", batch_size=32, **words)
        return batches.map(lambda x, y: (x / 255, y), num_parallel_calls=-1).prefetch(-1)  # tf.data.AUTOTUNE

    def smaller(x, y):
        return tf.round(tf.image.resize(x, (side, side), antialias=True)) / 255, y

    images = keras.utils.image_dataset_from_directory(root / "train", batch_size=None, **words)
    return images.map(smaller, num_parallel_calls=-1).batch(32).prefetch(-1)


FOLDERS = {
    "20,000 of 32x32": (20_000, (32, 32), 32, "resize", (True,)),
    "1,000 of 256x256": (1000, (256, 256), 256, "resize", (True, False)),
    "1,000 of 375x500 to 224x224": (1000, (375, 500), 224, "resize", (True, False)),
    "the same, cropped in decoding": (1000, (375, 500), 224, "crop", (True, False)),
}  # files, their size, the model's, data.fit, and whether they are kept


def pipeline() -> None:
    """Folders of JPEG files, no model and no augmentation, kept in memory and read anew for each epoch.

    "begin" is the time from the folder's name to the last batch of the first epoch, "epoch" that of a later one, of
    an iterator that goes on, for both. Both give the same pixels but for rounding: the zoo asks libjpeg for its
    accurate transform, Keras for the fast one. Where the zoo crops while decoding, Keras still reads and resizes all.
    """
    from zoo import data

    in_memory = data.IN_MEMORY_BYTES
    with tempfile.TemporaryDirectory() as folder:
        for what, (count, size, side, fit, keeping) in FOLDERS.items():
            root = Path(folder) / f"{count} of {size}"
            if not root.exists():
                photos(root, count, size)
            steps = -(-count // 32)

            def ours(root=root, side=side, fit=fit):
                return load_photos(root, side, fit).train.stream()

            def theirs(root=root, size=size, side=side):
                return keras_folder(root, size, side).repeat()

            def begin(make: Callable, steps=steps, count=count) -> Callable[[], float]:
                def run() -> float:
                    begun = time.perf_counter()
                    drained(make().take(steps))
                    return count / (time.perf_counter() - begun)

                return run

            def epoch(make: Callable, steps=steps, count=count) -> Callable[[], float]:
                batches = iter(make())

                def run() -> float:
                    time.sleep(0.5)  # the other fetches what it can hold
                    for _ in range(2):  # the first epoch empties what was fetched meanwhile; the second counts
                        begun = time.perf_counter()
                        for _ in range(steps):
                            next(batches)
                    return count / (time.perf_counter() - begun)

                return run

            if fit == "resize":
                x = next(iter(load_photos(root, side, fit).train.in_order()))[0].numpy()
                x = 255 * np.abs(x - next(iter(keras_folder(root, size, side, shuffle=False)))[0].numpy())
                print(f"{what}: pixels differ by {x.mean():.2f} of 255 on average, at most {x.max():.0f}", flush=True)
            for kept in keeping:
                data.IN_MEMORY_BYTES = in_memory if kept else 0
                name = f"{what}, {'kept' if kept else 'streamed'}"
                report(f"{name}, begin", *alternate(begin(ours), begin(theirs)), "images/s", "keras")
                report(f"{name}, epoch", *alternate(epoch(ours), epoch(theirs)), "images/s", "keras")
            data.IN_MEMORY_BYTES = in_memory


PEAK = """
import resource, sys
from pathlib import Path
from zoo import data
from zoo.experiments import benchmark
from zoo.data.images import files
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
root, warm = Path(sys.argv[1]), Path(sys.argv[2])
data.IN_MEMORY_BYTES = 0
benchmark.drained(benchmarking.load_photos(warm, 224, "resize").test)  # TensorFlow's own
data.IN_MEMORY_BYTES, before = int(sys.argv[3]), peak()
files.HELD_BYTES = data.IN_MEMORY_BYTES // 16
train = benchmark.load_photos(root, 224, "resize").train
benchmark.drained(train.stream().take(2 * train.steps_per_epoch))
print(peak() - before)
"""


def memory() -> None:
    """Two epochs of folders of one and two thousand photos within 64 MB; the smaller one also kept in memory."""
    with tempfile.TemporaryDirectory() as folder:
        warm, small, large = (Path(folder) / name for name in ("warm", "small", "large"))
        for root, count in ((warm, 10), (small, 1000), (large, 2000)):
            photos(root, count)
        for root, count, budget in ((small, 1000, 2**26), (large, 2000, 2**26), (small, 1000, 2**30)):
            words = [sys.executable, "-c", PEAK, str(root), str(warm), str(budget)]
            done = subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            print(
                f"{count} photos, {count * 224 * 224 * 3 / 2**20:.0f} MB of pixels, budget {budget / 2**20:.0f} "
                f"MB: the peak grows by {float(done.stdout.split()[-1]):.0f} MB",
                flush=True,
            )


PARTS = {
    "start": start,
    "runner": runner,
    "build": build,
    "norm": norm,
    "onednn": kernels,
    "pipeline": pipeline,
    "memory": memory,
}


def measure(parts: Iterable[str] = ()) -> None:
    """Measure the named parts, or all, and print each as it is known.

    Raises:
        ZooError: an unknown part.
    """
    parts = tuple(parts) or tuple(PARTS)
    for part in parts:
        if part not in PARTS:
            raise ZooError(f"unknown part '{part}'", mend=did_you_mean(part, PARTS))
    quiet_tensorflow()
    for part in parts:
        PARTS[part]()
