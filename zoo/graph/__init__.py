"""A built net as a plain graph: read, counted, derived, folded into the paper's blocks, compared."""
