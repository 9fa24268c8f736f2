#!/usr/bin/env python
"""Kill trainings at random moments, go on, compare with the uninterrupted ones: `scripts/stress.py 50`.

Prints one line per run and a count per case; exits with 1 if a single run differs. Each training is a process of its
own, forked from this one after the slow imports; those that are killed while they import begin from nothing.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import stressing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=int, nargs="?", default=10, help="of each case")
    parser.add_argument("--first", type=int, default=0, help="the first seed, to go on with others")
    parser.add_argument("--case", choices=list(stressing.CASES), help="only this one")
    args = parser.parse_args()
    equal, kills, slowest = Counter(), Counter(), 0.0
    cases = [args.case] if args.case else list(stressing.CASES)
    print(f"{'case':<27} seed  equal  kills and the state (epoch.step) that stood then; states it went on from")
    with tempfile.TemporaryDirectory() as root:
        for number, case in enumerate(cases):
            folder = Path(root) / str(number)
            straight, seconds = stressing.uninterrupted(case, folder, stressing.Forked)
            for seed in range(args.first, args.first + args.runs):
                trial = stressing.stress(case, straight, seconds, folder / str(seed), seed, begin=stressing.Forked)
                equal[case] += not trial.wrong
                kills.update(kill.split()[0] for kill in trial.kills)
                slowest = max(slowest, trial.slowest)
                said = f"{', '.join(trial.kills)}; {', '.join(trial.resumed) or '-'}"
                print(f"{case:<27} {seed:>4}  {'no' if trial.wrong else 'yes':<5}  {said}", flush=True)
                for wrong in trial.wrong:
                    print(f"    {wrong}", flush=True)
    for case in cases:
        print(f"{case}: {equal[case]} of {args.runs} equal bit for bit")
    print(
        f"{kills.total()} kills: {', '.join(f'{n} SIG{k}' for k, n in sorted(kills.items()))}; "
        f"the slowest answer to SIGTERM or Ctrl-C took {slowest:.1f} s"
    )
    sys.exit(sum(equal.values()) < args.runs * len(cases))


if __name__ == "__main__":
    main()
