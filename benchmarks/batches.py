"""What a batch costs when a year of them has landed, all in one run on this machine.

    .venv/bin/python benchmarks/batches.py [--batches 365] [--rows 100] [--rounds 3]

Two questions. What does the platform add, per batch and asset, to a backlog that is run at once? The assets'
own work (reading, judging, features, hashing and writing) is taken off; it is in their records. And what does
the command for one more batch cost when a year has gone before, beside the very first one?
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

# pandera loads hypothesis wherever it is installed; it is a test dependency that a plain install lacks.
PROGRAM = "import sys; sys.modules['hypothesis'] = None; from mlplatform.cli.main import start; start()"
ASSETS = ("raw", "validated", "quarantine", "features")
WORK_OF = ("raw", "validated", "features")  # quarantine is made together with validated
BACKLOG = """
import json, sys, time
sys.modules['hypothesis'] = None
from mlplatform.cli.location import open_location
from mlplatform.cli.run import bring_up_to_date
from mlplatform.cli.world import latest_records
location = open_location()
declaration = location.use_case("job_change")
started = time.perf_counter()
bring_up_to_date(location, declaration, "features")
elapsed = time.perf_counter() - started
records = latest_records(location.instance, "job_change").values()
work = sum(one.seconds or 0.0 for one in records if one.asset in %r)
print(json.dumps({"elapsed": elapsed, "work": work}))
"""


def command(home: Path, *arguments: str) -> float:
    """Seconds of one command, as a process of its own."""
    started = time.perf_counter()
    python(home, PROGRAM, *arguments)
    return time.perf_counter() - started


def python(home: Path, code: str, *arguments: str) -> str:
    """Standard output of a new Python process with this home."""
    environment = {**os.environ, "MLPLATFORM_HOME": str(home)}
    given = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(given, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def backlog(home: Path, files: list[str]) -> dict[str, float]:
    """Land these files and run them at once, up to their features."""
    landing = command(home, "land", "job_change", *files)
    ran: dict[str, float] = json.loads(python(home, BACKLOG % (WORK_OF,)))
    count = len(files) * len(ASSETS)
    return {
        "land, ms per batch": landing / len(files) * 1000,
        "run, ms per batch and asset": ran["elapsed"] / count * 1000,
        "of these the platform's own": (ran["elapsed"] - ran["work"]) / count * 1000,
    }


def one_more(home: Path, file: str) -> float:
    """Land one file and run it up to its features: seconds of both commands."""
    landing = command(home, "land", "job_change", file)
    return landing + command(home, "run", "job_change", "--to", "features")


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=365)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        count = str(given.batches + 1)
        sample = ("sample", "job_change", "--out", str(scratch / "files"), "--rows", str(given.rows))
        command(scratch / "sample", *sample, "--batches", count)
        *files, last = sorted(map(str, (scratch / "files").glob("*.csv")))
        print(f"a backlog of batches with {given.rows} rows each, run at once")
        for some in (len(files) // 5, len(files)):
            for name, milliseconds in backlog(scratch / f"year_{some}", files[:some]).items():
                print(f"  {some:4d} batches: {name:32s} {milliseconds:7.1f}")
        ratios = []
        for number in range(given.rounds):
            first, year = scratch / f"first_{number}", scratch / f"again_{number}"
            shutil.copytree(scratch / f"year_{len(files)}", year)
            before, after = one_more(first, last), one_more(year, last)
            ratios.append(after / before)
            print(f"  batch 1: {before:.2f} s, batch {len(files) + 1}: {after:.2f} s")
        print(
            f"batch {len(files) + 1} / batch 1: {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})  floor 1.3;  the platform's own ms: floor 40"
        )


if __name__ == "__main__":
    main()
