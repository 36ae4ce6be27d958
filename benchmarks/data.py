"""What validation, quarantine and snapshots cost beside bare pandera and bare pandas, in one run.

    .venv/bin/python benchmarks/data.py [--rows N] [--rounds N] [--bad 0 0.001] [--json FILE]

Ten columns, ten rules, five million rows. Every way starts from the same landed CSV file. The platform ends
with validated rows and quarantine written as snapshots, and every row accounted for; bare pandera ends with a
list of failing rows, nothing set aside or written; bare pandas does the platform's work, without words for
what is wrong. Every way runs in a process of its own, so that its peak memory is its own. Prints medians of
interleaved rounds with their phases; the ratios count.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from pandera.errors import SchemaErrors

FIRST_DAY = pd.Timestamp("2020-01-01")
KINDS, CITY = ["part time", "full time", "evening", "none"], r"^city_\d+$"
Times = dict[str, float]


class Enrolments(pan.DataFrameModel):
    """The contract: ten columns, ten rules; eight columns must not be blank besides."""

    id: int = pan.Field(unique=True)
    hours: float = pan.Field(ge=0)
    score: float = pan.Field(in_range={"min_value": 0, "max_value": 1}, nullable=True)
    age: int = pan.Field(in_range={"min_value": 16, "max_value": 99})
    kind: str = pan.Field(isin=KINDS)
    city: str = pan.Field(str_matches=CITY)
    code: str = pan.Field(str_length={"min_value": 8, "max_value": 8})
    note: str = pan.Field(nullable=True, str_startswith="n")
    day: pd.Timestamp = pan.Field(ge=FIRST_DAY)
    target: int = pan.Field(isin=[0, 1])

    class Config:
        """What a file spells becomes the declared type."""

        coerce = True


# One fault a row: unreadable, missing, and rules of numbers, texts and times.
FAULTS: list[tuple[str, str | None]] = [
    ("hours", "x"), ("target", None), ("age", "7"), ("hours", "-1"), ("kind", "z"), ("city", "town"),
    ("day", "1999-01-01"), ("score", "1.5"), ("code", "123"),
]  # fmt: skip


def make(folder: Path, rows: int, share: float) -> None:
    """`landed.csv`."""
    random = np.random.default_rng(0)
    numbers = pd.DataFrame(
        {
            "id": random.permutation(rows) + 1,
            "hours": random.gamma(2, 20, rows).round(3),
            "score": np.where(random.random(rows) < 0.02, np.nan, random.random(rows).round(6)),
            "age": random.integers(16, 100, rows),
            "kind": np.array(KINDS)[random.integers(0, len(KINDS), rows)],
            "city": pd.Series(random.integers(0, 150, rows)).astype("str").radd("city_"),
            "code": pd.Series(random.integers(10**7, 10**8, rows)).astype("str"),
            "note": pd.Series(np.array(["n1", "n2", "n3"])[random.integers(0, 3, rows)]),
            "day": FIRST_DAY + pd.to_timedelta(random.integers(0, 1500, rows), unit="D"),
            "target": random.integers(0, 2, rows),
        }
    )
    numbers.loc[random.random(rows) < 0.1, "note"] = None
    texts = {name: as_text(pa.chunked_array([pa.array(numbers[name])])) for name in numbers}
    bad = random.permutation(rows)[: int(rows * share)]
    for number, (name, text) in enumerate(FAULTS):
        mask = np.zeros(rows, dtype=bool)
        mask[bad[number :: len(FAULTS)]] = True
        texts[name] = pc.if_else(pa.array(mask), pa.scalar(text, pa.string()), texts[name])
    pa_csv.write_csv(pa.table(texts), folder / "landed.csv", pa_csv.WriteOptions(quoting_style="none"))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as a file would spell it."""
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column.cast(pa.timestamp("us")), "%Y-%m-%d")
    return column.cast(pa.string())


def timed(times: Times, name: str, call: Callable[[], Any]) -> Any:
    """What `call` gives; its seconds go to `times`, those of the processor under "cpu <name>"."""
    started, cpu_started = time.perf_counter(), time.process_time()
    result = call()
    times[name] = time.perf_counter() - started
    times[f"cpu {name}"] = time.process_time() - cpu_started
    return result


def work(times: Times, kind: str = "") -> float:
    """Seconds of all phases; of the processor for the kind "cpu "."""
    return sum(times[kind + name] for name in times if not name.startswith("cpu "))


def platform(folder: Path, times: Times) -> int:
    """read, validate, count, write; the rows set aside."""
    from mlplatform.ml.contracts import validate
    from mlplatform.ml.contracts.conservation import conserved
    from mlplatform.ml.reading import read_landed
    from mlplatform.resources.snapshots import Snapshots

    landed = timed(times, "read", lambda: read_landed(folder / "landed.csv", "landed.csv", "june"))
    validate(landed.slice(0, 10), Enrolments, source_file="warm", max_quarantined_share=1)  # imports
    snapshots = Snapshots(root=str(folder / "snapshots"))
    judged = timed(
        times, "validate", lambda: validate(landed, Enrolments, source_file="f", max_quarantined_share=1)
    )
    ids = (landed.column("row_id"), judged.rows["row_id"], judged.quarantine["row_id"])
    assert timed(times, "count", lambda: conserved(*ids))
    timed(times, "write", lambda: snapshots.write_table("u", "validated", "b", judged.rows))
    timed(times, "write quarantine", lambda: snapshots.write_table("u", "quarantine", "b", judged.quarantine))
    return len(judged.quarantine)


def bare_pandera(folder: Path, times: Times) -> int:
    """Lazy validation, as its documentation shows it; the failing rows are named."""
    frame = timed(times, "read", lambda: read_by_pandas(folder))
    Enrolments.validate(frame.head(0), lazy=True)  # imports

    def check() -> int:
        try:
            Enrolments.validate(frame, lazy=True)
        except SchemaErrors as errors:
            return int(errors.failure_cases["index"].nunique())
        return 0

    return int(timed(times, "validate", check))


def read_by_pandas(folder: Path) -> pd.DataFrame:
    """The file with the types that a person would name; `code` is text that looks like a number."""
    return pd.read_csv(folder / "landed.csv", dtype={"code": "str"}, parse_dates=["day"])


def rules_by_hand(frame: pd.DataFrame) -> pd.Series:
    """The ten rules as one would write them in pandas: True for a good row."""
    return (
        ~frame["id"].duplicated(keep=False)
        & (frame["hours"] >= 0)
        & (frame["score"].between(0, 1) | frame["score"].isna())
        & frame["age"].between(16, 99)
        & frame["kind"].isin(KINDS)
        & frame["city"].str.match(CITY, na=False)
        & (frame["code"].str.len() == 8)
        & (frame["note"].str.startswith("n") | frame["note"].isna())
        & (frame["day"] >= FIRST_DAY)
        & frame["target"].isin([0, 1])
    )


def bare_pandas(folder: Path, times: Times) -> int:
    """Read, one mask, two files, as a script would do it; no words, no hashes."""
    frame = timed(times, "read", lambda: read_by_pandas(folder))

    def split() -> tuple[pd.DataFrame, pd.DataFrame]:
        typed = frame.assign(hours=pd.to_numeric(frame["hours"], errors="coerce"))
        good = rules_by_hand(typed)
        return typed[good].astype({"id": int, "age": int, "target": int}), frame[~good].astype("str")

    rows, aside = timed(times, "validate", split)
    timed(times, "write", lambda: rows.to_parquet(folder / "rows.parquet", compression="zstd"))
    timed(times, "write quarantine", lambda: aside.to_parquet(folder / "aside.parquet", compression="zstd"))
    return len(aside)


def pandera_on_polars(folder: Path, times: Times) -> int:
    """Bare pandera on polars, where it is installed."""
    import pandera.polars as pap
    import polars as pl

    check = pap.Check
    schema = pap.DataFrameSchema(
        {
            "id": pap.Column(pl.Int64, unique=True),
            "hours": pap.Column(pl.Float64, check.ge(0), coerce=True),
            "score": pap.Column(pl.Float64, check.in_range(0, 1), nullable=True),
            "age": pap.Column(pl.Int64, check.in_range(16, 99)),
            "kind": pap.Column(pl.String, check.isin(KINDS)),
            "city": pap.Column(pl.String, check.str_matches(CITY)),
            "code": pap.Column(pl.String, check.str_length(8, 8)),
            "note": pap.Column(pl.String, check.str_startswith("n"), nullable=True),
            "day": pap.Column(pl.Date, check.ge(FIRST_DAY.date())),
            "target": pap.Column(pl.Int64, check.isin([0, 1])),
        }
    )
    types = {"code": pl.String, "hours": pl.String, "day": pl.Date, "score": pl.Float64}
    file = folder / "landed.csv"
    frame = timed(times, "read", lambda: pl.read_csv(file, schema_overrides=types))
    schema.validate(frame.head(0), lazy=True)  # imports

    def check_all() -> int:
        try:
            schema.validate(frame, lazy=True)
        except Exception as errors:  # of a class of its own in some versions
            return int(errors.failure_cases["index"].n_unique())  # type: ignore[attr-defined]
        return 0

    return int(timed(times, "validate", check_all))


WAYS = {
    "platform": platform,
    "bare pandera": bare_pandera,
    "bare pandas": bare_pandas,
    "pandera on polars": pandera_on_polars,
}


def run_one(way: str, folder: Path) -> None:
    """One way in this process; prints its seconds, rows set aside and peak memory as JSON."""
    times: Times = {}
    bad = WAYS[way](folder, times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times, "bad": bad, "peak_mb": peak}))


def in_own_process(*arguments: str) -> Any:
    """What this script prints with these arguments."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout) if done.stdout.strip() else None


def measure(rows: int, rounds: int, share: float) -> dict[str, Any]:
    """Medians of every way over the rounds."""
    with TemporaryDirectory() as name:
        in_own_process("--make", name, "--rows", str(rows), "--bad", str(share))
        found: dict[str, list[Any]] = {way: [] for way in WAYS}
        for number in range(rounds):
            for way in WAYS:
                found[way].append(in_own_process("--way", way, "--folder", name))
                print(f"round {number + 1}, {share:.1%} bad: {way}", file=sys.stderr)
                for file in Path(name).rglob("snapshots/**/*.parquet"):
                    file.unlink()  # a version that is there is not written again
    return {way: summary(rows, runs, found["bare pandera"]) for way, runs in found.items()}


def summary(rows: int, runs: list[Any], pandera: list[Any]) -> dict[str, Any]:
    """Medians of one way; ratios are taken within a round."""
    seconds = statistics.median(work(one["times"]) for one in runs)
    ratios = {
        name: statistics.median(
            work(one["times"], kind) / work(bare["times"], kind)
            for one, bare in zip(runs, pandera, strict=True)
        )
        for name, kind in (("ratio", ""), ("cpu_ratio", "cpu "))
    }
    return {
        "seconds": seconds,
        **ratios,
        "rows_per_second": rows / seconds,
        "bad": runs[0]["bad"],
        "peak_mb": statistics.median(one["peak_mb"] for one in runs),
        "phases": {p: statistics.median(one["times"][p] for one in runs) for p in runs[0]["times"]},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bad", type=float, nargs="+", default=[0.0, 0.001])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        return make(given.make, given.rows, given.bad[0])
    if given.way:
        return run_one(given.way, given.folder)
    results = {str(share): measure(given.rows, given.rounds, share) for share in given.bad}
    for share, table in results.items():
        print(f"\n{given.rows:,} rows, 10 columns, 10 rules, {float(share):.1%} bad rows")
        print(f"  {'':<22}{'s':>7}{'x pandera':>10}{'x in CPU':>9}{'rows/s':>11}{'bad':>7}{'peak MB':>8}")
        for way, one in table.items():
            print(
                f"  {way:<22}{one['seconds']:>7.2f}{one['ratio']:>10.2f}{one['cpu_ratio']:>9.2f}"
                f"{one['rows_per_second']:>11,.0f}{one['bad']:>7,}{one['peak_mb']:>8,.0f}  "
                + ", ".join(f"{p} {s:.2f}" for p, s in one["phases"].items() if not p.startswith("cpu "))
            )
    if given.json:
        given.json.write_text(json.dumps({"rows": given.rows, "results": results}, indent=2))


if __name__ == "__main__":
    main()
