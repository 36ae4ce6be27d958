import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplatform.container.code import folder_sha256
from mlplatform.container.scoring import Model
from mlplatform.container.serving import MAX_ROWS, ServedModel
from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.capture import Message
from mlplatform.ml.contracts.plain_columns import FEW_ROWS
from mlplatform.ml.errors import BrokenCode, DamagedSnapshot
from mlplatform.ml.wire import predictions_of
from mlplatform_tests.container.served import FEATURE, another_model, model_folder, some_rows


@pytest.fixture(scope="module")
def served(trained_home: Path) -> ServedModel:
    return ServedModel(model_folder(trained_home))


def request_of(rows: Any) -> Message:
    return Message("application/json", json.dumps(rows).encode())


def changed(trained_home: Path, tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the trained model with another line in its features.py."""
    folder = tmp_path / "model"
    shutil.copytree(model_folder(trained_home), folder)
    features = folder / "code" / "features.py"
    text = features.read_text()
    assert old in text
    features.write_text(text.replace(old, new))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["code_sha256"] = folder_sha256(folder / "code")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def by_batch_path(folder: Path, served: ServedModel, rows: list[dict[str, Any]]) -> np.ndarray:
    model = Model(folder)
    return np.asarray(model.predict(model.features_of(served.rows_of(request_of(rows)))))


def test_predictions_are_those_of_the_batch_path_however_many_rows_come_at_once(
    served: ServedModel, trained_home: Path
) -> None:
    rows = some_rows(FEW_ROWS + 200)
    assert sum(value is None for row in rows for value in row.values()) > 300
    batch = by_batch_path(model_folder(trained_home), served, rows)
    together = served.answer(request_of(rows)).predictions
    singly = [served.answer(request_of(row)).predictions[0] for row in rows[:500]]
    in_thirties = [
        served.answer(request_of(rows[at : at + 30])).predictions for at in range(0, len(rows), 30)
    ]
    np.testing.assert_allclose(singly, batch[:500], rtol=0, atol=1e-9)
    for found in (together, [one for thirty in in_thirties for one in thirty]):
        np.testing.assert_allclose(found, batch, rtol=0, atol=1e-9)


def test_an_answer_says_rows_version_and_predictions(served: ServedModel, trained_home: Path) -> None:
    answer = served.answer(request_of(some_rows(3)), "text/csv")
    assert answer.rows == len(answer.predictions) == 3
    assert predictions_of(answer.message) == answer.predictions
    document = json.loads(served.answer(request_of(some_rows(3))).message.body)
    assert document["model_version"] == served.version == model_folder(trained_home).name


def test_a_bad_row_is_refused_before_anything_is_predicted(served: ServedModel) -> None:
    rows = some_rows(3)
    rows[1]["gender"] = "male"
    with pytest.raises(BadRequest, match="row 2, column 'gender': 'male' breaks the rule"):
        served.answer(request_of(rows))


def test_rows_are_limited_and_the_form_of_the_answer_is_checked(served: ServedModel) -> None:
    line = b'{"enrollee_id": 1}\n'
    with pytest.raises(BadRequest) as caught:
        served.answer(Message("application/jsonlines", line * (MAX_ROWS + 1)))
    assert caught.value.status == 413
    with pytest.raises(BadRequest) as caught:
        served.answer(Message("nonsense", b""), accept="text/html")
    assert caught.value.status == 406


def test_the_models_own_code_makes_the_features(trained_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(trained_home / "snapshots", home / "snapshots")
    one, other = ServedModel(model_folder(home)), ServedModel(another_model(home))
    request = request_of(some_rows(50))
    assert one.answer(request).predictions != other.answer(request).predictions


def test_a_model_that_is_loaded_needs_its_folder_no_more(trained_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder(trained_home), folder)
    served, request = ServedModel(folder), request_of(some_rows(5))
    before = served.answer(request).predictions
    shutil.rmtree(folder)
    assert served.answer(request).predictions == before


Folder = Callable[[], Path]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ('"city_development_index": rows["city_development_index"] + 5.0,', "breaks less_than_or_equal_to"),
        ('"something_else": rows["city_development_index"],', "made no column city_development_index"),
        (FEATURE + "**{}[1],", "KeyError"),
    ],
)
def test_features_that_break_their_promise_are_no_prediction(
    trained_home: Path, tmp_path: Path, new: str, message: str
) -> None:
    served = ServedModel(changed(trained_home, tmp_path, FEATURE, new))
    for rows in (some_rows(1), some_rows(FEW_ROWS + 1)):
        with pytest.raises((BrokenCode, KeyError), match=message if "Key" not in message else "1"):
            served.answer(request_of(rows))


def test_features_of_other_types_become_those_of_the_contract(trained_home: Path, tmp_path: Path) -> None:
    as_text = FEATURE.replace('.astype("float64")', ".astype(str)")
    folder = changed(trained_home, tmp_path, FEATURE, as_text)
    served, rows = ServedModel(folder), some_rows(100)
    expected = ServedModel(model_folder(trained_home)).answer(request_of(rows)).predictions
    assert served.answer(request_of(rows)).predictions == expected
    assert served.answer(request_of(rows[0])).predictions == expected[:1]


def test_a_changed_artifact_is_not_loaded(trained_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder(trained_home), folder)
    artifact = folder / "model.skops"
    artifact.write_bytes(artifact.read_bytes() + b"\0")
    with pytest.raises(DamagedSnapshot):
        ServedModel(folder)


def test_a_model_that_predicts_no_numbers_does_not_answer(
    served: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "predict_as_threads_are", lambda *_: pd.Series([float("nan")]))
    with pytest.raises(BrokenCode, match="predicts nan"):
        served.answer(request_of(some_rows(1)))


def test_warming_up_disturbs_nothing(trained_home: Path) -> None:
    served, rows = ServedModel(model_folder(trained_home)), some_rows(2)
    before = served.answer(request_of(rows)).predictions
    served.warm_up()
    assert served.answer(request_of(rows)).predictions == before
