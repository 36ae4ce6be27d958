"""What is done before traffic moves, wherever it moves: the trial, and the words for what is to be served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform.lineage.approvals import Approved
from mlplatform.ml.errors import MLPlatformError, NotFitToServe
from mlplatform.ml.naming import endpoint_name
from mlplatform.resources.endpoints import Trial

if TYPE_CHECKING:
    from mlplatform.container.deployments import Deployment


def tried(folder: Path, trial: Trial) -> float:
    """Largest difference to the batch path in the code that the servers run."""
    from mlplatform.container.serving import ServedModel

    try:
        answer = ServedModel(folder).answer(trial.request, "application/json")
    except MLPlatformError as error:
        raise NotFitToServe(f"the serving runtime cannot answer the trial rows: {error}") from error
    return trial.judge(list(answer.predictions))


def deployment_of(use_case: str, version: str, approved: Approved) -> Deployment:
    """What servers are told about an approved version."""
    from mlplatform.container.deployments import Deployment

    evidence = approved.evidence
    return Deployment(
        endpoint=endpoint_name(use_case),
        use_case=use_case,
        model_version=version,
        model=approved.judged.model.path,
        artifact_sha256=evidence.artifact,
        code_sha256=evidence.code,
        evidence=evidence.sha256,
        approval=approved.approval.sha256,
    )
