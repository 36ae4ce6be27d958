"""Models of one history; `benchmarks/reproduce.py` does the same with fifty."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlplatform.lineage.reproduction import Reproduction
from mlplatform_tests.history import history_in
from mlplatform_tests.many_models import ENVIRONMENTS, again_under, trained

_MODELS = 6


def test_all_are_identical_whatever_the_threads_and_the_hash_seed(tmp_path: Path) -> None:
    with history_in(tmp_path / "home") as history, ThreadPoolExecutor(2) as pool:
        versions = trained(history, _MODELS)
        results = []
        for turn, surroundings in enumerate(ENVIRONMENTS):
            results += again_under(history, versions[turn :: len(ENVIRONMENTS)], surroundings, tmp_path, pool)
    assert len(set(versions)) == _MODELS
    assert results == [Reproduction("identical")] * _MODELS
