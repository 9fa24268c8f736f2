"""What a net sees: Grad-CAM, filters and maps, the words that carried a decision, its most confident mistakes.

On a run: `explain`, `first_filters`, `layer_maps`, `mistakes`. On any Keras model and arrays: `grad_cam`, `filters`,
`feature_maps`, `word_weights`.
"""

from zoo.explaining.maps import Filters, Maps, feature_maps, filters, grad_cam, last_maps, map_layers
from zoo.explaining.mistakes import Mistake, mistakes
from zoo.explaining.opening import explain, explain_mistakes, first_filters, layer_maps
from zoo.explaining.photos import Heat
from zoo.explaining.words import TextWeights, Word, word_weights

__all__ = [
    "Filters", "Heat", "Maps", "Mistake", "TextWeights", "Word", "explain", "explain_mistakes", "feature_maps",
    "filters", "first_filters", "grad_cam", "last_maps", "layer_maps", "map_layers", "mistakes", "word_weights",
]  # fmt: skip
