"""Models that do not come out again as they were: by their own code, the environment, or the time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import mlplatform.defs.job_change as shipped_package
from mlplatform.lineage.own_process import TookTooLong
from mlplatform.lineage.reasons import code_notes, environment_differences
from mlplatform.ml.environment import environment
from mlplatform_tests.history import History, history_in
from mlplatform_tests.lineage.test_reproduction import again
from mlplatform_tests.own_code import with_code

_UP_TO_THE_MODEL = ("raw", "validated", "quarantine", "features", "training_set", "validation_set", "model")
_TREES = """
import os
def build_estimator(*, seed):
    from .trees import build_estimator
    return build_estimator(seed=seed, max_iter=3).set_params(classify__tol=float(os.environ.get("ODD", 1e-7)))
"""
_LINEAR = """
import os
def build_estimator(*, seed):
    from sklearn.linear_model import LogisticRegression
    from .trees import build_estimator
    scale = 1.0 + float(os.environ.get("ODD", 0))
    steps = {"encode__numeric": "drop", "classify": LogisticRegression(C=scale, random_state=seed)}
    return build_estimator(seed=seed).set_params(**steps)
"""
_FAILS = """
import os
if "FAIL" in os.environ:
    raise OSError("no such disk")
"""
Trained = Callable[..., History]


def file_of(name: str) -> str:
    return (Path(shipped_package.__file__).parent / name).read_text(encoding="utf-8")


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trained]:
    """A history whose one model was trained by these files."""
    with history_in(tmp_path / "home") as history:

        def train(files: dict[str, str]) -> History:
            history.declaration = with_code(tmp_path, monkeypatch, files)
            history.land("monday", seed=3, rows=400)
            assert history.materialize(*_UP_TO_THE_MODEL, batch="monday").success
            return history

        yield train


@pytest.mark.parametrize(
    ("estimator", "odd", "result", "tolerance"),
    [
        (_TREES, "1e-6", "within_tolerance", "trees may be 1e-12"),
        (_LINEAR, "1e-9", "within_tolerance", "this kind of model may be 1e-06"),
        (_LINEAR, "0.5", "different", "this kind of model may be 1e-06"),
    ],
)
def test_other_bytes_are_compared_by_what_they_predict(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    estimator: str,
    odd: str,
    result: str,
    tolerance: str,
) -> None:
    history = trained({"trees.py": file_of("estimator.py"), "estimator.py": estimator})
    monkeypatch.setenv("ODD", odd)
    found = again(history, tmp_path / "again")
    measured, why = found.because
    assert (found.result, measured.endswith(tolerance)) == (result, True), measured
    assert why == "nothing that is recorded says why"


def test_the_first_step_that_comes_out_otherwise_is_named(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = 'rows["training_hours"].astype("float64")'
    text = file_of("features.py")
    assert hours in text
    shifted = f'{hours} + float(__import__("os").environ.get("HOURS_MORE", 0))'
    history = trained({"features.py": text.replace(hours, shifted)})
    assert again(history, tmp_path / "same").result == "identical"
    monkeypatch.setenv("HOURS_MORE", "1")
    found = again(history, tmp_path / "again")
    assert found.result == "different"
    [reason] = found.because
    assert reason.startswith("features of monday comes out as another table: recorded ")


def test_a_function_that_fails_now_is_named_with_its_words(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        file_of("features.py") + '\nimport os\nif "FAIL" in os.environ:\n    raise OSError("no such disk")\n'
    )
    history = trained({"features.py": text})
    monkeypatch.setenv("FAIL", "1")
    found = again(history, tmp_path / "again")
    assert found.result == "different"
    assert found.because == ("batch monday (1 of 1) fails: OSError: no such disk",)


def test_processor_and_threads_are_named() -> None:
    here = environment(1)
    libraries = {**here["libraries"], "scipy": None}
    elsewhere = {**here, "processor": "riscv64", "threads": 4, "libraries": libraries}
    assert environment_differences(elsewhere, here) == (
        f"processor is {here['processor']} here, riscv64 at training",
        "threads is 1 here, 4 at training",
        f"scipy is {here['libraries']['scipy']} here, not installed at training",
    )
    of_before = {name: here["libraries"][name] for name in ("numpy", "scipy")}  # some were not recorded then
    assert environment_differences({**here, "libraries": of_before}, here) == ()


def test_the_step_whose_code_is_another_version_is_named(trained: Trained) -> None:
    history = trained({})
    folder = history.resources["snapshots"].place(history.latest("model").path) / "code"
    records = [history.latest("model")]
    assert code_notes(history.declaration, folder, records) == ()
    [note] = code_notes(history.declaration, folder, [replace(records[0], code_version="f" * 64)])
    assert note.startswith("the code of the step model is ")
    assert note.endswith(f"here, {'f' * 12} at training")


def test_a_rebuild_that_takes_too_long_is_stopped_where_it_is(trained: Trained, tmp_path: Path) -> None:
    history = trained({})
    with pytest.raises(TookTooLong, match=r"stopped after 0 seconds, at .*--at-most"):
        again(history, tmp_path / "again", at_most=0.2)
    left = [one for one in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path / "again") in _read(one)]
    assert left == []


def _read(place: Path) -> str:
    try:
        return place.read_text(errors="replace")
    except OSError:
        return ""
