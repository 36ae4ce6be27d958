"""What `docker run IMAGE train|serve|process` runs, as a process below another base than /opt/ml."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mlplatform.container.code import write_code
from mlplatform.container.layout import ARTIFACT, Layout
from mlplatform.container.packed import pack
from mlplatform.container.process import REQUEST, RESULT, ProcessingRequest, features_of_batch
from mlplatform.container.scoring import Model
from mlplatform.container.train import SET_MANIFEST, train
from mlplatform.defs.job_change.contracts import EnrolleeFeatures
from mlplatform.defs.job_change.features import build_features
from mlplatform.ml.table_hash import table_hash
from mlplatform_tests.container.served import until
from mlplatform_tests.container.test_train import CASE, DECLARED, lay_out, people

_SLOW = """
from pathlib import Path
import time
def build_estimator(**given):
    Path(__file__).with_name("working").touch()
    end = time.monotonic() + 120
    while time.monotonic() < end:
        sum(range(10_000))
"""


def started(program: str, base: Path, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mlplatform.container", program, str(base)]
    return subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        _, stderr = process.communicate(timeout=100)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, stderr


def with_estimator(layout: Layout, source: str) -> Layout:
    (layout.channel("code") / "estimator.py").write_text(source)
    return layout


def test_train_leaves_the_model_that_training_without_a_container_leaves(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "container")
    code, stderr = ended(started("train", layout.base))
    assert code == 0, stderr
    assert Model(layout.model).manifest == train(lay_out(tmp_path / "here"))
    assert not layout.failure.exists()


def test_the_manifest_may_come_in_a_channel_of_its_own(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "apart")
    beside = layout.channel("set") / SET_MANIFEST
    beside.parent.mkdir()
    (layout.channel("training") / SET_MANIFEST).rename(beside)
    assert train(layout) == train(lay_out(tmp_path / "together"))


def test_a_failure_is_told_in_the_users_own_words_and_leaves_no_model(tmp_path: Path) -> None:
    source = "def build_estimator(**given):\n    raise ValueError('no such loss: ' + 'ä' * 5000)\n"
    layout = with_estimator(lay_out(tmp_path), source)
    (layout.model / "half.bin").write_bytes(b"half a model")
    code, stderr = ended(started("train", layout.base))
    assert code == 1
    reason = layout.failure.read_text(encoding="utf-8")
    assert reason.startswith("ValueError: no such loss: ä") and len(reason) == 1024
    assert "Traceback" in stderr
    assert list(layout.model.iterdir()) == []


def test_sigterm_during_a_long_fit_ends_it_and_leaves_no_half_model(tmp_path: Path) -> None:
    layout = with_estimator(lay_out(tmp_path), _SLOW)
    process = started("train", layout.base)
    try:
        until((layout.channel("code") / "working").exists, "the fit")
        (layout.model / "half.bin").write_bytes(b"half a model")
        process.terminate()
        code, _ = ended(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert code == 128 + signal.SIGTERM
    assert list(layout.model.iterdir()) == []
    assert layout.failure.read_text() == "stopped by SIGTERM before it was finished"


@pytest.mark.parametrize(
    ("death", "code", "reason"),
    [
        ("os.kill(os.getpid(), 9)", 137, "killed, most likely because memory ran out"),
        ("os.abort()", 134, "ended by SIGABRT"),
        ("os._exit(5)", 5, "ended with exit code 5 before it could say why"),
    ],
)
def test_a_fit_that_dies_without_a_word_is_told_all_the_same(
    tmp_path: Path, death: str, code: int, reason: str
) -> None:
    layout = with_estimator(lay_out(tmp_path), f"import os\ndef build_estimator(**given):\n    {death}\n")
    assert ended(started("train", layout.base))[0] == code
    assert layout.failure.read_text().startswith(reason)


def ask(layout: Layout, request: ProcessingRequest, rows: pd.DataFrame) -> None:
    for name in ("request", "rows"):
        layout.given(name).mkdir(parents=True)
    (layout.given("request") / REQUEST).write_bytes(request.to_bytes())
    rows.to_parquet(layout.given("rows") / "some.parquet", index=False)


def test_features_by_the_container_are_those_of_the_function(tmp_path: Path) -> None:
    layout, rows = Layout(tmp_path), people("june", 3)
    ask(layout, ProcessingRequest("features", tuple(CASE.carried)), rows)
    write_code(layout.given("code"), CASE.code_files(), DECLARED)
    code, stderr = ended(started("process", layout.base))
    assert code == 0, stderr
    expected = features_of_batch(
        rows, build_features, EnrolleeFeatures, beside=CASE.carried, unseen=CASE.unseen
    )
    made = pq.read_table(layout.processed / RESULT)
    assert made.column_names == list(expected.columns)
    assert table_hash(made) == table_hash(type(made).from_pandas(expected, preserve_index=False))


def test_scores_by_the_container_are_those_of_the_model(tmp_path: Path) -> None:
    trained = lay_out(tmp_path / "training")
    manifest = train(trained)
    layout, rows = Layout(tmp_path / "scoring"), people("june", 3)
    ask(
        layout,
        ProcessingRequest("scores", (), str(manifest["artifact_sha256"]), str(manifest["code_sha256"])),
        rows,
    )
    layout.given("model").mkdir()
    pack(trained.model, layout.given("model") / "some.tar.gz")
    code, stderr = ended(started("process", layout.base))
    assert code == 0, stderr
    model = Model(trained.model)
    scores = pq.read_table(layout.processed / RESULT).column("prediction").to_pylist()
    assert scores == model.predict(model.features_of(rows)).tolist()


def test_scores_by_another_model_than_was_asked_for_are_refused(tmp_path: Path) -> None:
    trained = lay_out(tmp_path / "training")
    train(trained)
    layout = Layout(tmp_path / "scoring")
    ask(layout, ProcessingRequest("scores", (), "0" * 64, "0" * 64), people("june", 3))
    layout.given("model").mkdir()
    pack(trained.model, layout.given("model") / "some.tar.gz")
    assert ended(started("process", layout.base))[0] == 1
    assert f"{ARTIFACT} is not the artifact that was trained" in layout.message.read_text()
    assert not layout.processed.exists()


@pytest.mark.parametrize("arguments", [[], ["fit"], ["train", "here", "there"]])
def test_another_word_is_wrong_usage(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "mlplatform.container", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: python -m mlplatform.container train|serve|process")
