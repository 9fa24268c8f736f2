"""The names and the facts of the models, as data."""
