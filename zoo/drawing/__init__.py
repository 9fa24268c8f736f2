"""Pictures: diagrams of models, curves of runs, confusion matrices.

`plot(model, to_file)` goes  model -> graph -> blocks -> layout, page -> svg | png | html | text;
`plot_curves` and `plot_confusion` are matplotlib. Keras and matplotlib are imported when something is drawn.
"""

from zoo.drawing.contact import plot_mistakes
from zoo.drawing.curves import plot_confusion, plot_curves
from zoo.drawing.picture import FORMATS, LEVELS, plot
from zoo.drawing.rates import plot_range_test, plot_schedule
from zoo.drawing.samples import plot_samples, plot_windows
from zoo.drawing.scatter import plot_space
from zoo.drawing.seeing import plot_filters, plot_heats, plot_maps
from zoo.drawing.words import plot_words

__all__ = [
    "FORMATS", "LEVELS", "plot", "plot_confusion", "plot_curves", "plot_filters", "plot_heats", "plot_maps",
    "plot_mistakes", "plot_range_test", "plot_samples", "plot_schedule", "plot_space", "plot_windows", "plot_words",
]  # fmt: skip
