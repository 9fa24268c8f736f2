"""`zoo lr-find`: the learning-rate range test (Smith 2015, arXiv 1506.01186, Sec. 3.3), swept exponentially."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.draw.schedule import RangeTest
from zoo.errors import ZooError

if TYPE_CHECKING:
    import numpy as np

    from zoo.config import Config
    from zoo.runs.job import Job

DIVERGED = 4.0  # the smoothed loss is this many times its least: stop
MEMORY = 0.9  # of that smoothing: about ten steps
LEAST_FALL = 0.02  # of the loss at the beginning: less is noise
FEWEST = 20


def lr_find(
    config: Config, *, low: float = 1e-6, high: float = 10.0, steps: int = 200, to_file: str | Path | None = None
) -> RangeTest:
    """Train the config's net for some steps while the rate grows from `low` to `high`, and read off good rates.

    The schedule is left out; everything else is as in training: batches, augmentation, clipping, precision. Nothing
    is kept: no run folder is made, and the net ends with the weights it began with.

    Args:
        config: what `zoo train` would train.
        low, high: where the sweep begins and ends.
        steps: how many; it stops sooner where the loss diverges.
        to_file: the picture, .png, .svg or .pdf; None for none.

    Raises:
        ZooError: rates in the wrong order, too few steps, a mistake in config or data, an unknown suffix.
    """
    from zoo.io.figures import FORMATS, check_suffix
    from zoo.runs.job import prepare

    if to_file is not None:
        check_suffix(Path(to_file), FORMATS)  # before the sweep, not after it

    if not 0 < low < high:
        raise ZooError(
            f"the sweep goes from {low:g} to {high:g}", "two rates above 0, the lower one first", "exchange them"
        )
    if steps < FEWEST:
        raise ZooError(f"{steps} steps show no curve", f"at least {FEWEST}", "try --steps 200")
    found = range_test(prepare(_without_schedule(config)), low, high, steps)
    if to_file is not None:
        from zoo.draw.schedule import plot_range_test

        plot_range_test(found, to_file, configured=config.train.optimizer.learning_rate, title=config.name)
    return found


def _without_schedule(config: Config) -> Config:
    """The config with a rate that can be set at every step; 1cycle's momentum stays where it is highest."""
    from zoo.config.facts import MOVED_MOMENTUM

    train, word = config.train, MOVED_MOMENTUM.get(config.train.optimizer.name)
    optimizer = train.optimizer
    if train.schedule is not None and "max_momentum" in train.schedule.args and word is not None:
        optimizer = optimizer.model_copy(update={word: train.schedule.args["max_momentum"]})
    return config.model_copy(
        update={
            "train": train.model_copy(update={"schedule": None, "optimizer": optimizer}),
            "runtime": config.runtime.model_copy(update={"steps_per_execution": 1}),
        }
    )


def range_test(job: Job, low: float, high: float, steps: int) -> RangeTest:
    """Sweep the rate of a prepared job without schedule; model and optimizer are put back as they were."""
    import numpy as np

    from zoo.training import devices
    from zoo.training.callbacks import RateSweep
    from zoo.training.state import variables_of

    before = {name: np.array(variable) for name, variable in variables_of(job.model).items()}
    sweep = RateSweep(np.geomspace(low, high, steps), MEMORY, DIVERGED)
    try:
        with devices.place(job.config.runtime.device), job.data.reading():
            job.model.fit(
                job.batches(),
                steps_per_epoch=steps,
                class_weight=job.class_weight,
                callbacks=[sweep],
                shuffle=False,
                verbose=0,
            )
    finally:
        for name, variable in variables_of(job.model).items():
            variable.assign(before[name])
    return reading(sweep.rates[: len(sweep.losses)], np.array(sweep.losses), diverged=sweep.diverged)


def reading(rates: np.ndarray, losses: np.ndarray, *, diverged: bool) -> RangeTest:
    """Both suggestions from the losses of a sweep."""
    import numpy as np

    kept = losses[np.isfinite(losses)]  # a loss that is no number can only be the last
    smoothed = smooth(kept)
    steepest = valley = None
    first, last = longest_fall(smoothed)
    height = smoothed[first] - smoothed[last]
    if height > LEAST_FALL * abs(smoothed[0]):
        fall = slice(first, last + 1)
        slopes = np.gradient(smoothed, np.log(rates[: len(smoothed)]))
        steepest = float(rates[fall][slopes[fall].argmin()])
        done = (smoothed[first] - smoothed[fall]) / height
        steep = first + np.flatnonzero((done > 0.1) & (done < 0.9))  # without the flat shoulder and the flat floor
        valley = float(rates[steep[len(steep) // 2]]) if len(steep) else steepest
    return RangeTest(
        tuple(map(float, rates)),
        tuple(map(float, losses)),
        tuple(map(float, smoothed)),
        steepest,
        valley,
        float(rates[-1]) if diverged else None,
    )


def smooth(values: np.ndarray) -> np.ndarray:
    """The mean over neighbours, nearer ones weighing more, so that nothing is shifted; wild losses are cut off."""
    import numpy as np

    reach = max(2, len(values) // 20)
    cut = np.minimum(values, 2 * np.median(values[: reach + 1]))
    weights = np.hanning(2 * reach + 3)[1:-1]
    share = np.convolve(np.ones(len(cut)), weights, mode="same")  # less at both ends
    return np.convolve(cut, weights, mode="same") / share


def longest_fall(values: np.ndarray) -> tuple[int, int]:
    """First and last index of the longest falling subsequence, as fastai's valley has it."""
    import numpy as np

    length, begin = np.ones(len(values), int), np.arange(len(values))
    for i in range(1, len(values)):
        above = np.flatnonzero(values[:i] > values[i])
        if len(above):
            best = above[length[above].argmax()]
            length[i], begin[i] = length[best] + 1, begin[best]
    last = int(length.argmax())
    return int(begin[last]), last
