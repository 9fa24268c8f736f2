"""Pictures: diagrams of models, curves of runs, confusion matrices.

`plot(model, to_file)` goes  model -> graph -> blocks -> layout, page -> svg | png | html | text;
`plot_curves` and `plot_confusion` are matplotlib. Keras and matplotlib are imported when something is drawn.
"""

from zoo.drawing.contact import plot_mistakes
from zoo.drawing.curves import plot_confusion, plot_curves
from zoo.drawing.picture import FORMATS, LEVELS, plot
from zoo.drawing.rates import plot_range_test, plot_schedule
from zoo.drawing.samples import plot_samples

__all__ = [
    "FORMATS", "LEVELS", "plot", "plot_confusion", "plot_curves", "plot_mistakes", "plot_range_test", "plot_samples",
    "plot_schedule",
]  # fmt: skip
