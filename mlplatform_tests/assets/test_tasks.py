"""Every task and kind of label from a landed file to a live model: text, whole numbers, bools, numbers."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from mlplatform.assets.hold_out import HoldOut
from mlplatform.cli.predict import predictions_for
from mlplatform.container.scoring import Model
from mlplatform.lineage.records import Record, latest, latest_by_batch, windows_name
from mlplatform.ml.capture import Message
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.file_format import PLAIN
from mlplatform.ml.steps import ASSETS
from mlplatform.ml.wire import classes_of
from mlplatform.resources.environment import local
from mlplatform_tests.assets.conftest import land_rows, materialize_assets
from mlplatform_tests.container.served import serving, until
from mlplatform_tests.flowers.cases import CASES, TARGETS, declared, flowers


class Garden:
    """Use cases in one folder and on one instance. What several tests look at is made once."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.folder, self.instance, self.resources = folder, instance, local(folder)
        self._live: set[str] = set()

    def land(self, case: Declaration, frame: pd.DataFrame, batch: str = "spring") -> None:
        """Land a frame as a batch."""
        land_rows(self.instance, self.resources, self.folder / f"{batch}.csv", case, frame=frame)

    def materialize(self, case: Declaration, *assets: str, batch: str | None = None) -> Any:
        """Materialize some assets, as a click in the UI would."""
        return materialize_assets(self.instance, self.resources, case, *assets, batch=batch)

    def update(self, case: Declaration, *assets: str, batch: str = "spring") -> dict[str, Any]:
        """Bring a use case up to its verdict; the evaluation's document."""
        result = self.materialize(case, *(assets or ASSETS), batch=None if assets else batch)
        assert result.success, _said(result)
        return self.document(case, "evaluation")

    def live(self, name: str) -> Declaration:
        """A use case whose model was trained on generated flowers, approved and deployed."""
        case = CASES[name]
        if name not in self._live:
            self.land(case, flowers())
            self.update(case)
            for asset in ("approval", "endpoint"):
                result = self.materialize(case, asset)
                assert result.success, _said(result)
            self._live.add(name)
        return case

    def record(self, case: Declaration, asset: str) -> Record:
        """The latest version of an asset."""
        record = latest(self.instance, case.name, asset)
        assert record
        return record

    def document(self, case: Declaration, asset: str) -> dict[str, Any]:
        """Its content."""
        document: dict[str, Any] = self.resources["snapshots"].read_json(self.record(case, asset).path)
        return document

    def card(self, case: Declaration) -> str:
        """The model card's page."""
        page: Path = self.resources["snapshots"].place(self.record(case, "model_card").path)
        return page.read_text()

    def judged_rows(self, case: Declaration) -> tuple[Model, pd.DataFrame]:
        """The model, and the rows of the hold-out with its answers."""
        snapshots = self.resources["snapshots"]
        model = Model(snapshots.place(self.record(case, "model").path))
        rows = HoldOut(case, model, self.record(case, "validation_set"), snapshots).rows
        return model, rows.assign(answer=model.predict(rows))


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garden]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Garden(tmp_path_factory.mktemp("garden"), instance)


def _said(result: dg.ExecuteInProcessResult) -> str:
    failures = [one.step_failure_data for one in result.get_step_failure_events()]
    return "; ".join(str(one.user_failure_data and one.user_failure_data.description) for one in failures)


@pytest.mark.parametrize("name", CASES)
def test_to_a_live_model(name: str, garden: Garden) -> None:
    case = garden.live(name)
    document = garden.document(case, "evaluation")
    verdict = document["verdict"]
    assert verdict["decision"] == "PROMOTE", verdict["reason"]
    assert verdict["baseline_name"] in verdict["reason"]
    assert {(one["column"], one["value"]) for one in verdict["slices"]} == {
        ("field", "north"),
        ("field", "south"),
    }
    assert {column for column, _ in document["importance"]} == {"length", "width", "length_over_width"}
    assert document["importance"][0][1] > 0
    picture = {"multiclass_classification": "Confusion matrix", "regression": "Predicted and actual"}
    assert picture.get(case.task, "ROC curve") in garden.card(case)
    assert garden.record(case, "endpoint").details["action"] == "deployed"


def test_a_declared_class_is_the_one_whose_probability_is_predicted(garden: Garden) -> None:
    no = declared("scented", "roc_auc", 0.6, task="binary_classification", positive="no", name="scent")
    yes = no.model_copy(update={"positive": None})
    answers, versions = {}, set()
    garden.land(no, flowers())
    for case in (no, yes):
        document = garden.update(case)
        model, rows = garden.judged_rows(case)
        assert model.positive == ("no" if case is no else "yes")
        right = rows["answer"][rows["scented"] == model.positive].mean()
        assert right > rows["answer"][rows["scented"] != model.positive].mean() + 0.3
        assert model.metrics["target_mean"] == pytest.approx(2 / 3 if case is no else 1 / 3, abs=0.1)
        assert document["verdict"]["baseline_name"] == (
            f"a constant prediction (the share of {model.positive} in the training set)"
        )
        answers[model.positive] = rows["answer"].to_numpy()
        versions.add(model.manifest["version"])
    np.testing.assert_allclose(answers["no"], 1 - answers["yes"])
    assert len(versions) == 2, "the artifacts are equal, what they answer is not"
    # the second model met the first, which predicts the other class, as the one that it is
    assert document["champion"] is not None
    assert document["verdict"]["difference"]["value"] == pytest.approx(0, abs=1e-9)


def test_a_declared_class_that_no_row_has_is_refused(garden: Garden) -> None:
    task = "binary_classification"
    case = declared("species", "roc_auc", 0.6, task=task, positive="tulip", name="tulips")
    frame = flowers()
    garden.land(case, frame[frame["species"] != "crocus"])
    result = garden.materialize(case, *ASSETS, batch="spring")
    assert "tulips: positive='tulip' is no class of the training set, which has 'aster', 'bell" in _said(
        result
    )
    assert latest(garden.instance, case.name, "model") is None


def test_the_verdict_about_classes_is_that_of_scikit_learn(garden: Garden) -> None:
    case = garden.live("species")
    verdict = garden.document(case, "evaluation")["verdict"]
    model, rows = garden.judged_rows(case)
    expected = f1_score(rows["species"], rows["answer"], average="macro")
    assert verdict["challenger"]["value"] == pytest.approx(expected)
    counts = dict(model.metrics["class_rows"])
    assert sum(counts.values()) == model.metrics["training_rows"]
    most = max(counts, key=lambda label: counts[label])
    assert (
        verdict["baseline_name"]
        == f"a constant prediction ({most}, the most frequent class of the training set)"
    )
    always = f1_score(rows["species"], [most] * len(rows), average="macro")
    assert verdict["baseline"] == pytest.approx(always)


def test_a_class_that_training_never_saw_counts_as_wrong(garden: Garden) -> None:
    case = declared("species", "accuracy", 0.5, task="multiclass_classification", name="dahlias")
    frame = flowers(400)
    held_out = case.split.held_out(frame["flower_id"].tolist())  # type: ignore[union-attr]
    frame.loc[np.flatnonzero(held_out)[:10], "species"] = "dahlia"
    garden.land(case, frame)
    verdict = garden.update(case)["verdict"]
    _, rows = garden.judged_rows(case)
    assert (rows["species"] == "dahlia").sum() == 10
    assert "dahlia" not in set(rows["answer"])
    assert verdict["challenger"]["value"] == pytest.approx((rows["species"] == rows["answer"]).mean())


def test_a_challenger_of_many_classes_meets_a_champion_that_knows_fewer(garden: Garden) -> None:
    case = declared("species", "macro_f1", 0.6, task="multiclass_classification", name="more_species")
    frame = flowers()
    garden.land(case, frame[frame["species"] != "crocus"])
    garden.update(case)
    garden.land(case, flowers(seed=1), "summer")
    document = garden.update(case, batch="summer")
    assert document["champion"] is not None
    assert document["verdict"]["decision"] == "PROMOTE"
    assert document["verdict"]["champion"]["value"] < document["verdict"]["challenger"]["value"]


def test_models_of_other_tasks_or_other_classes_are_not_compared(garden: Garden) -> None:
    case = declared("rare", "accuracy", 0.6, task="binary_classification", name="changed")
    garden.land(case, flowers())
    garden.update(case)
    other_task = declared("rare", "accuracy", 0.6, task="multiclass_classification", name="changed")
    said = _said(garden.materialize(other_task, "model", "evaluation"))
    assert "does binary_classification, the challenger multiclass_classification" in said
    assert "To judge the new model as a first one: mlplatform reject changed" in said

    garden.land(case, flowers().assign(rare=lambda rows: rows["rare"] + 1))
    said = _said(garden.materialize(case, *ASSETS, batch="spring"))
    assert "knows the classes 1, 2, and not the positive class 3" in said


def test_the_first_model_has_to_beat_the_declared_forecast(garden: Garden) -> None:
    case = declared("weight", "mae", 1.0, task="regression", gate={"naive": "estimate"}, name="forecast")
    frame = flowers()
    garden.land(case, frame.assign(estimate=frame["weight"] + 0.001))
    verdict = garden.update(case)["verdict"]
    assert verdict["decision"] == "REJECT"
    assert "does not beat the naive forecast estimate, whose mae is 0.0010" in verdict["reason"]

    garden.land(case, frame)
    verdict = garden.update(case)["verdict"]
    _, rows = garden.judged_rows(case)
    forecast = frame.set_index("flower_id")["estimate"][rows["flower_id"]].to_numpy()
    assert verdict["baseline"] == pytest.approx(np.abs(forecast - rows["weight"]).mean())
    assert verdict["decision"] == "PROMOTE"

    garden.land(case, flowers(seed=1).assign(estimate=2.0), "summer")  # for later ones it is shown
    later = garden.update(case, batch="summer")
    assert later["champion"] is not None
    assert later["verdict"]["baseline_name"] == "the naive forecast estimate"
    assert "The naive forecast estimate" in garden.card(case)


def test_a_forecast_that_is_missing_is_told(garden: Garden) -> None:
    case = declared("weight", "mae", 1.0, task="regression", gate={"naive": "estimate"}, name="missing")
    frame = flowers()
    frame.loc[::7, "estimate"] = None
    garden.land(case, frame)
    said = _said(garden.materialize(case, *ASSETS, batch="spring"))
    assert "missing/evaluation: the naive forecast 'estimate' is missing in" in said
    assert "first in spring:" in said


def test_looks_at_a_hold_out_are_counted(garden: Garden) -> None:
    case = declared("scented", "roc_auc", 0.6, task="binary_classification", name="looked_at")

    def looks() -> tuple[int, int]:
        details = garden.record(case, "evaluation").details
        return details["looks"], details["looks_at_this_set"]

    garden.land(case, flowers())
    first = garden.update(case)
    assert looks() == (1, 1)
    garden.update(case, "evaluation")
    assert looks() == (1, 1), "nothing was computed"
    stricter = case.model_copy(update={"gate": case.gate.model_copy(update={"minimum": 0.61})})
    garden.update(stricter, "evaluation")
    assert looks() == (2, 2)
    again = garden.update(case, "evaluation")
    assert looks() == (3, 3)
    assert again == first, "what came before does not change a verdict"
    garden.land(case, flowers(seed=1), "summer")
    garden.update(case, batch="summer")
    assert looks() == (4, 1)
    assert "Looks at hold-outs by its rule" in garden.card(case)
    metadata = garden.record(case, "evaluation").metadata
    assert (metadata["looks"].value, metadata["looks_at_this_set"].value) == (4, 1)


def test_labels_are_answered_captured_and_watched(garden: Garden) -> None:
    names = ("species", "kind", "scented", "weight")
    cases = [garden.live(name) for name in names]
    asked = flowers(40, seed=9)
    unknown = asked.drop(columns=list(TARGETS))
    with serving(garden.folder) as server:
        found = {
            name: server.ask(unknown.to_dict("records"), f"/endpoints/flower-{name}/invocations")[2]
            for name in names
        }
        request = urllib.request.Request(
            f"{server.url}/endpoints/flower-species/invocations",
            unknown.to_csv(index=False).encode(),
            {"Content-Type": "text/csv", "Accept": "text/csv"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            lines = Message("text/csv", answer.read())
        until(lambda: len(server.captured_files()) == len(names), "the captured lines")
        assert server.stop() == 0
    answers = {name: found[name]["predictions"] for name in names}
    assert np.mean(np.array(answers["species"]) == asked["species"].to_numpy()) > 0.7
    assert classes_of(lines) == answers["species"]
    assert np.mean(np.array(answers["kind"]) == asked["kind"].to_numpy()) > 0.7
    no = asked["scented"].to_numpy() == "no"
    assert np.array(answers["scented"])[no].mean() > np.array(answers["scented"])[~no].mean() + 0.3
    assert np.abs(np.array(answers["weight"]) - asked["weight"].to_numpy()).mean() < 0.6
    for name, case in zip(names, cases, strict=True):
        captured, drift = _watched(garden, case)
        assert len(captured) == len(asked) * (2 if name == "species" else 1)
        assert drift["judged"]
        if name in ("species", "kind"):
            assert captured["prediction"].tolist()[: len(asked)] == [str(one) for one in answers[name]]
            assert drift["prediction"]["bins"] == 3


@pytest.mark.parametrize(
    ("name", "kind"), [("species", str), ("kind", int), ("alive", float), ("weight", float)]
)
def test_predictions_for_a_file_are_what_the_model_answers(
    name: str, kind: type, garden: Garden, tmp_path: Path
) -> None:
    model, judged = garden.judged_rows(garden.live(name))
    asked = flowers().drop(columns=list(TARGETS))
    asked.to_csv(tmp_path / "new.csv", index=False)
    predicted, cases = predictions_for(model, tmp_path / "new.csv", PLAIN)
    assert not cases
    assert {type(row["prediction"]) for row in predicted.to_dict("records")} == {kind}
    of_judged = predicted.set_index("flower_id")["prediction"][judged["flower_id"]]
    assert of_judged.tolist() == judged["answer"].tolist()


def _watched(garden: Garden, case: Declaration) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Capture and judge the one window that there is: its rows and the report."""
    (file,) = (garden.folder / "captured" / case.name.replace("_", "-")).rglob("*.jsonl")
    version = garden.record(case, "model").details["version"]
    window = f"{'-'.join(file.parent.parts[-4:-1])}T{file.parent.name}_{version}"
    garden.instance.add_dynamic_partitions(windows_name(case.name), [window])
    assert garden.materialize(case, "captured", "drift", batch=window).success
    records = [latest_by_batch(garden.instance, case.name, asset)[window] for asset in ("captured", "drift")]
    snapshots = garden.resources["snapshots"]
    return snapshots.read_frame(records[0].path), snapshots.read_json(records[1].path)
