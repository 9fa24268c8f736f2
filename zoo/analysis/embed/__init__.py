"""The spaces a net thinks in: its penultimate features and its word vectors, projected, exported and searched."""
