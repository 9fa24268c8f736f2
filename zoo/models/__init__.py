"""The architectures: one paper, one file; plain functions that import keras, zoo.layers, models.common."""
