"""Replay: after a contract is mended, quarantined rows become what clean input would have given."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mlplatform.lineage.records import Record, latest_by_batch
from mlplatform.resources.home import open_instance
from mlplatform_tests.cli.edited import commands, copy_of_package, edit

ALLOWED = 'GENDERS = ("Female", "Male", "Other")'
MENDED = 'GENDERS = ("Female", "Male", "Other", "Nonbinary")'
BATCHES = ("march", "april", "may")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package, to be edited."""
    return copy_of_package(tmp_path / "tree")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three batches: without fault, with an answer that the contract does not know, and full of it."""
    from mlplatform.defs.job_change.sample import generate

    written = []
    for number, name in enumerate(BATCHES):
        frame = generate(60, number, False).astype(object)
        frame.loc[: (-1, 2, 40)[number], "gender"] = "Nonbinary"
        written.append(tmp_path / f"{name}.csv")
        frame.to_csv(written[-1], index=False)
    return written


def versions(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Record]:
    monkeypatch.setenv("MLPLATFORM_HOME", str(home))
    with open_instance() as instance:
        return {
            (asset, batch): record
            for asset in ("raw", "validated", "quarantine", "features")
            for batch, record in latest_by_batch(instance, "job_change", asset).items()
        }


def test_mended_and_replayed_equals_the_clean_run(
    tree: Path, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, clean, named = tmp_path / "home", tmp_path / "clean", [str(file) for file in files]
    landed, ran, same = commands(
        tree,
        (home, "land", "job_change", *named),
        (home, "run", "job_change", "--to", "features"),
        (home, "replay", "job_change", "april"),
    )
    assert (landed.code, ran.code, same.code) == (0, 3, 0)
    assert "1 batch(es) would come out the same" in same.out
    before = versions(home, monkeypatch)
    _three_rows_of_april_are_set_aside(before, home)

    edit(tree / "mlplatform" / "defs" / "job_change" / "contracts.py", ALLOWED, MENDED)
    replay, *from_the_start = commands(
        tree,
        (home, "replay", "job_change", "--json"),
        (clean, "land", "job_change", *named),
        (clean, "run", "job_change", "--to", "features"),
    )

    assert [one.code for one in (replay, *from_the_start)] == [0, 0, 0]
    replayed = replay.json["batches"]
    counts = {one["batch"]: (one["quarantined_before"], one["quarantined"]) for one in replayed}
    assert counts == {"april": (3, 0), "may": (None, 0)}
    assert all(one["validated"] == one["rows_in"] == 60 for one in replayed)
    after = versions(home, monkeypatch)
    assert after["raw", "april"].storage_id == before["raw", "april"].storage_id, "nothing is read again"
    assert after["validated", "march"].storage_id == before["validated", "march"].storage_id
    expected = versions(clean, monkeypatch)
    for key in (("validated", "april"), ("quarantine", "april"), ("features", "april"), ("validated", "may")):
        assert after[key].sha256 == expected[key].sha256, key


def _three_rows_of_april_are_set_aside(before: dict[tuple[str, str], Record], home: Path) -> None:
    quarantine = pd.read_parquet(home / "snapshots" / before["quarantine", "april"].path)
    assert quarantine["row"].tolist() == [1, 2, 3]
    assert set(zip(quarantine["column"], quarantine["value"], quarantine["source_file"], strict=True)) == {
        ("gender", "Nonbinary", "april.csv")
    }
    assert ("validated", "may") not in before
