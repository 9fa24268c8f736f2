"""Bytes, files, downloads, screens and pages: what every room above may use."""

FORMAT = 2  # of the run folder as a whole; a reader refuses a newer one
