"""`endpoint`: nothing reaches it unproven, and what answered before answers on where it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from mlplatform.assets.endpoint import trial_of
from mlplatform.container.deployments import (
    REFUSED,
    EndpointState,
    present,
    read_deployments,
    write_deployment,
)
from mlplatform.lineage.approvals import judged as judged_version
from mlplatform.lineage.approvals import refuse_unapproved
from mlplatform.lineage.deployments import live, version_before
from mlplatform.lineage.records import latest
from mlplatform.ml.capture import Message
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import NotApproved, NotFitToServe, WrongUsage
from mlplatform.ml.gate import Gate
from mlplatform.ml.policies import Approval
from mlplatform.ml.steps import ASSETS
from mlplatform.resources.endpoints import Trial
from mlplatform.resources.endpoints.before_traffic import deployment_of
from mlplatform.resources.endpoints.local import LocalEndpoints

Run = Callable[..., dg.ExecuteInProcessResult]
NAME, ENDPOINT = "job_change", "job-change"


@pytest.fixture
def deployed(local_resources: dict[str, Any]) -> Callable[[], str | None]:
    """The version that servers are told to serve."""

    def version() -> str | None:
        found = read_deployments(Path(local_resources["endpoints"].root)).get(ENDPOINT)
        assert not isinstance(found, str)
        return found.model_version if found else None

    return version


@pytest.fixture
def directly(
    instance: dg.DagsterInstance, local_resources: dict[str, Any], judged: str
) -> Callable[..., Any]:
    """Call the resource without any asset around it."""

    def deploy(version: str, **changed: Any) -> Any:
        trial = trial_of(judged_version(instance, NAME, judged), local_resources["snapshots"])
        trial = Trial(trial.request, changed["expected"]) if changed else trial
        return local_resources["endpoints"].deploy(instance, NAME, version, trial)

    return deploy


@pytest.fixture
def second(
    materialize: Run, land: Callable[..., pd.DataFrame], job_change: Declaration, instance: dg.DagsterInstance
) -> Callable[[], str]:
    """Train one more model, which a gate with a margin promotes; its version."""
    lenient = job_change.model_copy(update={"gate": Gate(metric="roc_auc", minimum=0.6, margin=0.5)})
    seeds = iter(range(2, 10))

    def train() -> str:
        seed = next(seeds)
        land(f"batch_{seed}", rows=1500, seed=seed)
        assert materialize(*ASSETS, batch=f"batch_{seed}", declaration=lenient).success
        evaluation = latest(instance, NAME, "evaluation")
        assert evaluation and evaluation.details["verdict"] == "PROMOTE", evaluation
        return str(evaluation.details["model_version"])

    return train


def _refusal(result: dg.ExecuteInProcessResult) -> str:
    assert len(result.get_step_failure_events()) == 1
    (check,) = result.get_asset_check_evaluations()
    assert not result.get_asset_materialization_events()
    assert not check.passed
    return str(check.description)


def test_an_approved_model_goes_live(
    approve: Run, materialize: Run, judged: str, instance: dg.DagsterInstance, deployed: Any
) -> None:
    assert approve(judged).success
    result = materialize("endpoint")
    assert result.success
    assert deployed() == judged
    record = live(instance, NAME)
    assert record
    assert record.details["action"] == "deployed"
    assert record.details["before"] is None
    assert {one["asset"] for one in record.inputs} == {"approval", "model"}
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert float(check.metadata["largest_difference"].value) <= 1e-9  # type: ignore[arg-type]


def test_deploying_again_changes_nothing(
    approve: Run, materialize: Run, judged: str, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    approve(judged)
    first = materialize("endpoint")
    before = read_deployments(Path(local_resources["endpoints"].root))
    again = materialize("endpoint", config={"model_version": judged})
    assert first.success and again.success
    assert read_deployments(Path(local_resources["endpoints"].root)) == before
    assert live(instance, NAME).details["action"] == "already live"  # type: ignore[union-attr]


def _nothing(approve: Run, version: str, declaration: Declaration) -> None:
    """Nobody said anything."""


def _rejected(approve: Run, version: str, declaration: Declaration) -> None:
    assert approve(version).success
    assert approve(version, by="ben", decision="reject").success


def _half(approve: Run, version: str, declaration: Declaration) -> None:
    two = declaration.model_copy(update={"approval": Approval(required=2)})
    assert approve(version, declaration=two).success


@pytest.mark.parametrize(
    ("say", "reason"),
    [(_nothing, "is not approved"), (_rejected, "was rejected by ben"), (_half, "waits for 1 more approval")],
)
def test_no_way_around_the_approval(
    say: Any, reason: str, approve: Run, materialize: Run, judged: str, job_change: Declaration,
    directly: Any, deployed: Any,
) -> None:  # fmt: skip
    say(approve, judged, job_change)
    with pytest.raises(NotApproved, match=reason):
        directly(judged)
    assert reason in _refusal(materialize("endpoint", config={"model_version": judged}))
    assert "no model of job_change is approved" in _refusal(materialize("endpoint"))
    assert deployed() is None


def test_a_stricter_policy_asks_again(
    approve: Run, materialize: Run, judged: str, job_change: Declaration, deployed: Any
) -> None:
    assert approve(judged).success
    two = job_change.model_copy(update={"approval": Approval(required=2)})
    assert "approved under an earlier policy" in _refusal(materialize("endpoint", declaration=two))
    assert approve(judged, by="ben", declaration=two).success
    assert materialize("endpoint", declaration=two).success
    assert deployed() == judged


def test_a_changed_model_is_refused(
    approve: Run, materialize: Run, judged: str, instance: dg.DagsterInstance, directly: Any, deployed: Any,
    local_resources: dict[str, Any],
) -> None:  # fmt: skip
    assert approve(judged).success
    model = latest(instance, NAME, "model")
    assert model
    code = local_resources["snapshots"].place(model.path) / "code" / "features.py"
    code.write_text(code.read_text() + "\n")
    with pytest.raises(Exception, match="is not the code it was trained with"):
        directly(judged)
    assert "is not the code it was trained with" in _refusal(materialize("endpoint"))
    assert deployed() is None


def test_what_does_not_exist(materialize: Run, judged: str, directly: Any) -> None:
    with pytest.raises(WrongUsage, match="no model 'nope'"):
        directly("nope")
    assert "no model 'nope'" in _refusal(materialize("endpoint", config={"model_version": "nope"}))


def test_other_answers_than_the_batch_path_are_refused(
    approve: Run, judged: str, directly: Any, deployed: Any
) -> None:
    assert approve(judged).success
    for wrong in ((0.5,) * 200, (float("nan"),) * 200, ()):
        with pytest.raises(NotFitToServe, match="serving runtime"):
            directly(judged, expected=wrong)
    assert deployed() is None


def test_a_class_is_the_same_or_it_is_not() -> None:
    trial = Trial(Message("text/csv", b""), ("a", "b"))
    assert trial.judge(["a", "b"]) == 0
    for wrong in (["a", "c"], ["a", 1.0]):
        with pytest.raises(NotFitToServe, match="row 2 of the trial gives"):
            trial.judge(wrong)


def test_a_request_that_the_model_cannot_answer_is_refused(
    approve: Run, judged: str, instance: dg.DagsterInstance, local_resources: dict[str, Any]
) -> None:
    assert approve(judged).success
    odd = Trial(Message("text/csv", b"enrollee_id\n1\n"), (0.5,))
    with pytest.raises(NotFitToServe, match="cannot answer the trial rows"):
        local_resources["endpoints"].deploy(instance, NAME, judged, odd)


def test_back_and_forth(
    approve: Run, materialize: Run, judged: str, second: Callable[[], str], instance: dg.DagsterInstance,
    deployed: Any,
) -> None:  # fmt: skip
    first = judged
    with pytest.raises(WrongUsage, match="nothing of job_change is live"):
        version_before(instance, NAME)
    approve(first)
    assert materialize("endpoint").success
    with pytest.raises(WrongUsage, match="first that went live"):
        version_before(instance, NAME)

    newer = second()
    approve(newer)
    assert materialize("endpoint").success  # by default what was approved last
    assert deployed() == newer
    assert version_before(instance, NAME) == first

    assert materialize("endpoint", config={"model_version": first}).success
    assert deployed() == first
    record = live(instance, NAME)
    assert record
    assert (record.details["action"], record.details["before"]) == ("rolled back", newer)
    with pytest.raises(WrongUsage, match="first that went live"):
        version_before(instance, NAME)

    assert materialize("endpoint", config={"model_version": newer}).success
    assert live(instance, NAME).details["action"] == "deployed"  # type: ignore[union-attr]
    assert version_before(instance, NAME) == first


def test_a_server_that_refuses_takes_the_deployment_back(
    approve: Run, materialize: Run, judged: str, second: Callable[[], str], deployed: Any,
    instance: dg.DagsterInstance, local_resources: dict[str, Any],
) -> None:  # fmt: skip
    approve(judged)
    assert materialize("endpoint").success
    newer = second()
    approve(newer)
    endpoints: LocalEndpoints = local_resources["endpoints"]
    ready = LocalEndpoints(root=endpoints.root, snapshots=endpoints.snapshots, patience=0.5)
    with present(Path(endpoints.root), "server-a") as server:
        server.tell("http://127.0.0.1:1", {})
        assert "did not load" in _refusal(materialize("endpoint", endpoints=ready))
        assert deployed() == judged

        approved = refuse_unapproved(instance, local_resources["snapshots"], NAME, newer)
        wanted = deployment_of(NAME, newer, approved)
        server.tell("http://127.0.0.1:1", {ENDPOINT: EndpointState(wanted.id, REFUSED, "no memory")})
        assert "no memory" in _refusal(materialize("endpoint", endpoints=endpoints))
        assert deployed() == judged

        write_deployment(Path(endpoints.root), wanted)  # as an attempt leaves it that is killed
        assert "no memory" in _refusal(materialize("endpoint", endpoints=endpoints))
    assert deployed() == judged
    assert materialize("endpoint").success  # without that server there is nobody to refuse
    assert deployed() == newer
