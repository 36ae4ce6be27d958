"""What the platform costs beside the same work without it, all in one run on this machine.

    .venv/bin/python benchmarks/overhead.py [FILE] [--rounds N]

FILE is a job_change file; without one, 20,000 generated rows are used. Prints medians of interleaved rounds
and their ratios; the ratios within a round count, since machines differ and have good and bad minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
# pandera loads hypothesis wherever it is installed; it is a test dependency that a plain install lacks.
PLAIN_INSTALL = "import sys; sys.modules['hypothesis'] = None; "
PROGRAM = PLAIN_INSTALL + "from mlplatform.cli.main import start; start()"


def seconds(code: str, *arguments: str, home: Path) -> float:
    """Wall time of a new Python process."""
    environment = {**os.environ, "MLPLATFORM_HOME": str(home)}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    elapsed = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stderr)
    return elapsed


def one_round(file: str, scratch: Path) -> dict[str, float]:
    """Every variant once, in a home of its own."""
    home = scratch / "home"
    run_bare = f"import runpy; runpy.run_path({str(HERE / 'bare.py')!r}, run_name='__main__')"
    load = "from mlplatform.definitions import defs; defs().get_repository_def()"
    seconds(PROGRAM, "land", "job_change", file, home=home)
    times = {
        "bare script": seconds(run_bare, file, home=home),
        "cold run": seconds(PROGRAM, "run", "job_change", home=home),
        "run, nothing new": seconds(PROGRAM, "run", "job_change", home=home),
        "import dagster": seconds("import dagster", home=home),
        "import dagster, pandera.pandas": seconds(
            PLAIN_INSTALL + "import dagster, pandera.pandas", home=home
        ),
        "load the code location": seconds(PLAIN_INSTALL + load, home=home),
    }
    steps = [sys.executable, str(HERE / "steps.py"), file, str(scratch / "steps")]
    warm = subprocess.run(steps, capture_output=True, text=True, check=True)
    return {**times, **json.loads(warm.stdout)}


RATIOS = [
    ("cold run", "bare script", 2.5, 1.4),
    ("run, nothing new", "import dagster, pandera.pandas", 1.3, None),
    ("load the code location", "import dagster", 2.2, 1.5),
]


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        file = given.file or str(scratch / "job_change_0001.csv")
        if not given.file:
            sample = ("sample", "job_change", "--out", str(scratch), "--rows", "20000")
            seconds(PROGRAM, *sample, home=scratch / "sample")
        rounds = [one_round(str(Path(file).absolute()), scratch / str(n)) for n in range(given.rounds)]
    print(f"{given.rounds} rounds, seconds: median (least to most)")
    for name in rounds[0]:
        values = [times[name] for times in rounds]
        print(f"  {name:32s} {statistics.median(values):6.3f}  ({min(values):.3f} to {max(values):.3f})")
    print("ratios within a round: median (least to most), floor, aim")
    for what, beside, floor, aim in RATIOS:
        ratios = [times[what] / times[beside] for times in rounds]
        span = f"{statistics.median(ratios):5.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"  {what} / {beside}: {span}  floor {floor}" + (f", aim {aim}" if aim else ""))
    per_asset = statistics.median(times["overhead per asset"] for times in rounds)
    print(f"  seconds per asset in process, without its own work: {per_asset:.3f}  floor 0.15, aim 0.1")


if __name__ == "__main__":
    main()
