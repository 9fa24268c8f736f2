"""What makes runs: training and its end, seeds, folds, searches, reproduction, benchmark."""
