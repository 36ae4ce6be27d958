"""How many of the models of a history come out again, byte by byte, and what one of them costs.

    .venv/bin/python benchmarks/reproduce.py [--models 50 | --year] [--at-once 2]

Every model is made again from its landed files in a process of its own, with other `OMP_NUM_THREADS` and
`PYTHONHASHSEED` from turn to turn. `--year`: instead, the 50 models of the generated year of 365 batches
that the tests ask about. Ends with 1 unless all are identical.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlplatform_tests.history import history_in
from mlplatform_tests.many_models import ENVIRONMENTS, again_under, trained
from mlplatform_tests.year import a_year


def main() -> int:
    """Train, make again, report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--year", action="store_true")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder, ThreadPoolExecutor(asked.at_once) as pool, ExitStack() as opened:
        told = a_year(Path(folder) / "home") if asked.year else None
        history = opened.enter_context(history_in(Path(folder) / "home"))
        versions = told.models if told else trained(history, asked.models)
        results, seconds = [], []
        for turn, surroundings in enumerate(ENVIRONMENTS):
            mine, started = versions[turn :: len(ENVIRONMENTS)], time.perf_counter()
            results += again_under(history, mine, surroundings, Path(folder), pool)
            seconds.append((time.perf_counter() - started) / max(1, len(mine)))
    identical = sum(one.result == "identical" and not one.because for one in results)
    report = {"models": len(set(versions)), "identical": identical, "seconds_each": statistics.mean(seconds)}
    print(json.dumps(report))
    return 0 if identical == len(set(versions)) == len(versions) else 1


if __name__ == "__main__":
    sys.exit(main())
