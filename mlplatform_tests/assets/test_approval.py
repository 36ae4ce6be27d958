"""`approval`: bound to evidence, refused for anything that is not promoted or not what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from mlplatform.lineage.approvals import approval_of, evidence_for, judged, refuse_unapproved
from mlplatform.lineage.champions import champion_read_by
from mlplatform.lineage.records import latest
from mlplatform.lineage.withdrawals import withdraw
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import DamagedSnapshot, NotApproved
from mlplatform.ml.gate import Gate
from mlplatform.ml.policies import Approval
from mlplatform.ml.splits import EntitySplit
from mlplatform.ml.steps import ASSETS
from mlplatform.resources.snapshots import Snapshots

Run = Callable[..., dg.ExecuteInProcessResult]
NAME = "job_change"


@pytest.fixture
def snapshots(local_resources: dict[str, Any]) -> Snapshots:
    return local_resources["snapshots"]  # type: ignore[no-any-return]


@pytest.fixture(name="version")
def _version(judged: str) -> str:
    return judged


def _said(result: dg.ExecuteInProcessResult) -> str:
    """Why the only failed step failed, and that its check says so too."""
    (failure,) = result.get_step_failure_events()
    (check,) = result.get_asset_check_evaluations()
    description = failure.step_failure_data.user_failure_data.description  # type: ignore[union-attr]
    assert not check.passed
    assert check.description == description
    return str(description)


def test_a_promoted_model_is_approved(
    approve: Run, version: str, instance: dg.DagsterInstance, snapshots: Snapshots
) -> None:
    assert approve(version).success

    record = approval_of(instance, NAME, version)
    assert record
    assert record.details["outcome"] == "approved"
    assert record.details["statements"] == [{"approver": "anna", "reason": "seen", "approves": True}]
    document = snapshots.read_json(record.path)
    assert document["evidence"]["verdict"] == "PROMOTE"
    assert {one["asset"] for one in record.inputs} == {
        "model", "evaluation", "training_set", "validation_set"
    }  # fmt: skip
    assert refuse_unapproved(instance, snapshots, NAME, version).evidence.sha256 == record.details["evidence"]


def test_what_does_not_exist_is_refused(approve: Run, version: str) -> None:
    assert f"no model 'nope'. The last ones: {version}" in _said(approve("nope"))


def test_nothing_is_approved_before_there_is_a_model(approve: Run) -> None:
    assert "None was trained yet" in _said(approve("5f1ff194bcdb"))


def test_required_config_is_required(materialize: Run, version: str) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError):
        materialize("approval")


def test_what_is_not_promoted_is_refused(
    approve: Run, materialize: Run, version: str, job_change: Declaration
) -> None:
    strict = job_change.model_copy(update={"gate": Gate(metric="roc_auc", minimum=0.999)})
    assert materialize("evaluation", declaration=strict).success
    assert "its verdict is REJECT" in _said(approve(version))
    assert approve(version, decision="reject").success  # to say no to it is allowed


def test_the_trainer_is_refused(approve: Run, version: str, instance: dg.DagsterInstance) -> None:
    model = latest(instance, NAME, "model")
    assert model
    assert "trained this model" in _said(approve(version, by=model.details["trained_by"]))


def test_two_people(
    approve: Run, version: str, job_change: Declaration, instance: dg.DagsterInstance, snapshots: Snapshots
) -> None:
    careful = job_change.model_copy(update={"approval": Approval(required=2)})
    assert approve(version, by="anna", declaration=careful).success
    assert approve(version, by="Anna ", declaration=careful).success
    with pytest.raises(NotApproved, match="waits for 1 more approval"):
        refuse_unapproved(instance, snapshots, NAME, version)
    assert approve(version, by="ben", declaration=careful).success
    refuse_unapproved(instance, snapshots, NAME, version)


def _edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n# changed\n")


def _edit_verdict(path: Path) -> None:
    document = json.loads(path.read_text())
    document["verdict"]["challenger"]["value"] = 0.99
    path.write_text(json.dumps(document))


def _edit_set(path: Path) -> None:
    document = json.loads(path.read_text())
    document["parts"][0]["rows"] += 1
    path.write_text(json.dumps(document))


CHANGES = {
    "code/features.py": ("model", _edit),
    "model.skops": ("model", _edit),
    "code/use_case.json": ("model", _edit),
    "verdict": ("evaluation", _edit_verdict),
    "training": ("training_set", _edit_set),
    "validation": ("validation_set", _edit_set),
}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_evidence_is_refused_before_and_after_approval(
    what: str, approve: Run, version: str, instance: dg.DagsterInstance, snapshots: Snapshots
) -> None:
    asset, edit = CHANGES[what]
    record = latest(instance, NAME, asset)
    assert record
    assert approve(version).success
    place = snapshots.place(record.path)
    edit(place / what if asset == "model" else place)

    with pytest.raises(DamagedSnapshot):
        refuse_unapproved(instance, snapshots, NAME, version)
    assert str(place) in _said(approve(version))


def test_a_new_verdict_makes_an_approval_void(
    approve: Run,
    materialize: Run,
    version: str,
    job_change: Declaration,
    instance: dg.DagsterInstance,
    snapshots: Snapshots,
) -> None:
    assert approve(version).success
    other = job_change.model_copy(update={"gate": Gate(metric="roc_auc", minimum=0.6)})
    assert materialize("evaluation", declaration=other).success

    with pytest.raises(NotApproved, match="is void: evaluation changed"):
        refuse_unapproved(instance, snapshots, NAME, version)
    assert approve(version, declaration=other).success
    refuse_unapproved(instance, snapshots, NAME, version)


def test_another_training_set_is_another_model_and_leaves_the_approval_alone(
    approve: Run,
    materialize: Run,
    version: str,
    job_change: Declaration,
    instance: dg.DagsterInstance,
    snapshots: Snapshots,
) -> None:
    assert approve(version).success
    other = job_change.model_copy(update={"split": EntitySplit(validation_share=0.3)})
    assert materialize(*ASSETS[4:], declaration=other).success
    assert latest(instance, NAME, "model").details["version"] != version  # type: ignore[union-attr]
    refuse_unapproved(instance, snapshots, NAME, version)


def test_a_rejected_model_is_no_champion(
    approve: Run, version: str, instance: dg.DagsterInstance, snapshots: Snapshots
) -> None:
    model = latest(instance, NAME, "model")
    assert model
    newcomer = [type(model)(**{**vars(model), "sha256": "another"})]
    assert [one.sha256 for one in champion_read_by(instance, NAME, newcomer)] == [model.sha256]
    assert approve(version, by="ben", decision="reject").success
    assert champion_read_by(instance, NAME, newcomer) == []
    with pytest.raises(NotApproved, match="was rejected by ben: seen"):
        refuse_unapproved(instance, snapshots, NAME, version)


def test_evidence_names_what_changed(
    version: str, instance: dg.DagsterInstance, snapshots: Snapshots
) -> None:
    evidence = evidence_for(snapshots, judged(instance, NAME, version))
    other = type(evidence)(**{**vars(evidence), "verdict": "HOLD", "training_set": "x"})
    assert evidence.sha256 != other.sha256
    assert evidence.differences(other) == ["training set", "verdict"]


def test_a_champion_made_again_after_a_batch_was_withdrawn_keeps_its_approval(
    approve: Run,
    version: str,
    instance: dg.DagsterInstance,
    snapshots: Snapshots,
    land: Any,
    materialize: Run,
) -> None:
    assert approve(version).success
    before = latest(instance, NAME, "evaluation")
    land("tuesday", rows=700, seed=9)
    assert materialize(*ASSETS, batch="tuesday").success
    other = latest(instance, NAME, "model")
    assert other
    assert other.details["version"] != version

    withdraw(instance, NAME, "tuesday", by="anna", reason="test customers")
    assert materialize("training_set", "validation_set", "model", "evaluation", "model_card").success

    again, evaluation = latest(instance, NAME, "model"), latest(instance, NAME, "evaluation")
    assert again and evaluation and before
    assert again.details["version"] == version
    assert evaluation.sha256 == before.sha256
    assert evaluation.details["verdict"] == "PROMOTE"
    assert refuse_unapproved(instance, snapshots, NAME, version).judged.model.sha256 == again.sha256
