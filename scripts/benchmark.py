#!/usr/bin/env python
"""`zoo benchmark` under its old path: speed as ratios against named peers of the same run."""

import sys

from zoo.experiments.benchmark import measure

if __name__ == "__main__":
    measure(sys.argv[1:])
