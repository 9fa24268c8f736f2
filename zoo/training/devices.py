"""What TensorFlow may compute on, what was asked for, and how fast switches are set when left to `auto`."""

from __future__ import annotations

import glob
import importlib.metadata
import os
import platform
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.io import onednn
from zoo.io.installation import DISTRIBUTION, install

if TYPE_CHECKING:
    import keras

    from zoo.config import Config

SHORT_STEP = 200_000_000  # multiply-adds of a batch, forward; LeNet-5 with 64 images has 27 million, ResNet-20 2.6e9


def place(device: str) -> AbstractContextManager:
    """The scope of a `runtime.device`: `auto` leaves placement to TensorFlow.

    Raises:
        ZooError: the device is not there; what is there is named.
    """
    import contextlib

    import tensorflow as tf

    if device == "auto":
        return contextlib.nullcontext()
    kind, _, number = device.partition(":")
    seen = tf.config.list_logical_devices(kind.upper())
    index = int(number or 0)
    if index >= len(seen):
        raise ZooError(
            f"runtime.device is {device}, but TensorFlow sees {_count(len(seen), kind.upper())}",
            "one of " + ", ".join(d.name.removeprefix("/device:").lower() for d in tf.config.list_logical_devices()),
            "set runtime.device=auto, or see `zoo devices` for the reason",
        )
    return tf.device(f"/{kind.upper()}:{index}")


def _count(number: int, kind: str) -> str:
    return f"no {kind}" if number == 0 else f"only {number} {kind}"


def check_precision(precision: str, device: str) -> None:
    """Refuse a precision the device cannot compute in.

    Raises:
        ZooError: mixed_float16 without a GPU: TensorFlow would run it, many times slower.
    """
    import tensorflow as tf

    if precision == "mixed_float16" and (device.startswith("cpu") or not tf.config.list_physical_devices("GPU")):
        raise ZooError(
            "runtime.precision is mixed_float16, but no GPU is used",
            "a GPU",
            "set runtime.precision=mixed_bfloat16 or float32",
        )


def settled(config: Config) -> Config:
    """The config with `runtime.precision: auto` resolved, as the run folder keeps it.

    What the GPU computes fast: bfloat16 since NVIDIA's 8.0, float16 since 7.0; float32 on older ones and on the CPU.
    """
    if config.runtime.precision != "auto":
        return config
    import tensorflow as tf

    gpus = [] if config.runtime.device == "cpu" else tf.config.list_physical_devices("GPU")
    able = [tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) for gpu in gpus]
    least = min(able, default=(0, 0))
    precision = "mixed_bfloat16" if least >= (8, 0) else "mixed_float16" if least >= (7, 0) else "float32"
    return config.override(f"runtime.precision={precision}")


def make_deterministic() -> None:
    """Deterministic ops on a GPU. On the CPU seeds alone give equal bits, and the switch would turn XLA off."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()


def jit_compile(config: Config, model: keras.Model) -> bool:
    """`runtime.jit_compile` with `auto` resolved: XLA helps recurrent nets and harms convolutional ones on the CPU."""
    chosen = config.runtime.jit_compile
    return _recurrent(model) if chosen == "auto" else chosen


def steps_per_execution(config: Config, model: keras.Model, steps_per_epoch: int, batch_size: int) -> int:
    """`runtime.steps_per_execution` with `auto` resolved: several where a step is short, and a divisor of the epoch.

    Short means some milliseconds on a CPU. Several long ones would gain nothing, and hold up signals and states.

    Raises:
        ZooError: the number does not divide the epoch, whose end it would pass.
    """
    from zoo.graph.counts import count

    chosen = config.runtime.steps_per_execution
    if chosen == "auto":
        small, macs = model.count_params() < 1_000_000 and not _recurrent(model), count(model).macs
        most = 16 if small and macs is not None and macs * batch_size <= SHORT_STEP else 1
        return max(n for n in range(1, most + 1) if steps_per_epoch % n == 0)
    if steps_per_epoch % chosen:
        fitting = max(n for n in range(1, chosen + 1) if steps_per_epoch % n == 0)
        raise ZooError(
            f"runtime.steps_per_execution is {chosen}, but an epoch has {steps_per_epoch} steps",
            "a divisor of the steps of an epoch",
            f"set runtime.steps_per_execution={fitting} or auto",
        )
    return chosen


def _recurrent(model: keras.Model) -> bool:
    import keras

    layers = (x.forward_layer if isinstance(x, keras.layers.Bidirectional) else x for x in model.layers)
    return any(isinstance(layer, keras.layers.RNN) for layer in layers)


def environment() -> dict[str, Any]:
    """Versions, device, threads and revision: what another machine would have to share to get the same bits."""
    import tensorflow as tf

    return {
        "zoo": importlib.metadata.version(DISTRIBUTION),
        "revision": _revision(),
        "python": platform.python_version(),
        "tensorflow": importlib.metadata.version("tensorflow"),
        "keras": importlib.metadata.version("keras"),
        "numpy": importlib.metadata.version("numpy"),
        "onednn": onednn.in_effect(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": [
            tf.config.threading.get_intra_op_parallelism_threads(),
            tf.config.threading.get_inter_op_parallelism_threads(),
        ],
        "devices": [device.name for device in tf.config.list_logical_devices()],
    }


def _revision() -> str | None:
    """The git revision of the zoo's own checkout, with `+` when files differ; None outside a checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    git = ["git", "-C", str(root)]
    try:
        revision = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return revision + ("+" if changed.stdout else "")


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def report() -> dict[str, Any]:
    """What TensorFlow sees, and where a GPU is present but unused, why.

    Returns:
        `{"devices": [{"name", "kind", "description"}], "reason": str | None}`
    """
    import tensorflow as tf

    seen = []
    for device in tf.config.list_physical_devices():
        details = tf.config.experimental.get_device_details(device) if device.device_type == "GPU" else {}
        described = details.get("device_name") or (_cpu() if device.device_type == "CPU" else "")
        seen.append(
            {
                "name": device.name.removeprefix("/physical_device:").lower(),
                "kind": device.device_type,
                "description": described,
            }
        )
    reason = None if any(d["kind"] == "GPU" for d in seen) else _why_no_gpu(tf.test.is_built_with_cuda())
    return {"devices": seen, "reason": reason}


def _why_no_gpu(built_with_cuda: bool) -> str:
    if not glob.glob("/dev/nvidia[0-9]*"):
        return "no NVIDIA GPU is attached to this machine, or its driver is not loaded (there is no /dev/nvidia0)"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "a GPU is attached, but CUDA_VISIBLE_DEVICES hides it: unset the variable"
    if not built_with_cuda:
        return f"a GPU is attached, but this TensorFlow was built without CUDA: `{install('gpu')}` on Linux"
    return (
        f"a GPU is attached, but TensorFlow could not load its CUDA libraries: `{install('gpu')}` brings them; "
        "ZOO_DEBUG=1 zoo devices shows TensorFlow's own messages"
    )
