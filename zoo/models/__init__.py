"""The architectures: one paper, one file; plain functions that import only keras, zoo.layers and models.common."""
