"""A name and arguments become a model."""
