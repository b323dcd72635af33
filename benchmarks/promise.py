"""Does --target-accuracy keep its promise? python benchmarks/promise.py [--index FOLDER] [--splits 100]

The index's calibration sample (texts it has not learned from) is cut in two at random, many times: the threshold is chosen on one half,
the accuracy above it is looked at on the other. The promise is kept where the other half reaches the accuracy, or where its shortfall is
within what chance gives a part of that size (one-sided exact binomial test at 5 %): both are printed, and the mean share that is coded.
"""

import argparse
from pathlib import Path

import numpy as np

from crosswalk.coding.threshold import choose_threshold, load_calibration, tail_probability
from crosswalk.places import shipped


def main() -> None:
    """Print a row an accuracy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=shipped("indexes", "isco-08"))
    parser.add_argument("--splits", type=int, default=100)
    options = parser.parse_args()
    sample = load_calibration(options.index)
    columns = ("accuracy", "splits with a threshold", "reached on the other half", "reached, but for chance", "share coded")
    print(f"{len(sample.sure):,} texts\n\n| {' | '.join(columns)} |\n|" + "---|" * len(columns))
    for accuracy in (0.80, 0.85, 0.90, 0.95):
        reached, allowed, shares = [], [], []
        for split in range(options.splits):
            half = np.random.default_rng(split).random(len(sample.sure)) < 0.5
            threshold = choose_threshold(sample.sure[half], sample.right[half], accuracy)
            if threshold is None:
                continue
            coded = sample.right[~half][sample.sure[~half] >= threshold]
            wrong = int(len(coded) - coded.sum())
            reached.append(float(coded.mean()) >= accuracy)
            allowed.append(reached[-1] or 1 - tail_probability(wrong - 1, len(coded), 1 - accuracy) > 0.05)
            shares.append(len(coded) / int((~half).sum()))
        share = f"{np.mean(shares):.1%}" if shares else "none"
        print(f"| {accuracy:.2f} | {len(reached)} of {options.splits} | {sum(reached)} | {sum(allowed)} | {share} |", flush=True)


if __name__ == "__main__":
    main()
