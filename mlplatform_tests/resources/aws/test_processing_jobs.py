"""Features and scores in jobs that really run: the same as here, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlplatform.container.layout import Layout
from mlplatform.ml.declaration import Declaration
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.jobs.following import JobFailed
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.resources.aws.snapshots import S3Snapshots
from mlplatform.resources.processing import FeaturesRequest, ScoresRequest
from mlplatform.resources.processing.local import LocalProcessing
from mlplatform.resources.processing.sagemaker import SageMakerProcessing
from mlplatform_tests.container.test_train import CASE, people
from mlplatform_tests.loans.cases import declared
from mlplatform_tests.resources.aws.asked import request, stored, train

pytestmark = pytest.mark.usefixtures("aws_environment")


@pytest.fixture
def snapshots(aws_environment: Any, tmp_path: Path) -> S3Snapshots:
    folder = stored(tmp_path / "people")
    return S3Snapshots(root=str(Layout(folder).channel("training")))


def features_request(snapshots: S3Snapshots, run_id: str = "run", declaration: Declaration = CASE) -> Any:
    validated = snapshots.write_table(declaration.name, "validated", "june", people("june", 7))
    return FeaturesRequest(declaration, snapshots, validated.path, run_id)


def processing_jobs() -> list[str]:
    listed = clients(aws_settings().region).sagemaker.list_processing_jobs()
    return [job["ProcessingJobName"] for job in listed["ProcessingJobSummaries"]]


def test_features_of_a_job_are_the_same_snapshot(snapshots: S3Snapshots) -> None:
    asked = features_request(snapshots)
    here, by_job = LocalProcessing().features(asked), SageMakerProcessing().features(asked)
    both = [snapshots.write_table("job_change", "features", "june", one.table) for one in (here, by_job)]
    assert both[0] == both[1]
    assert here.job == {}
    assert (by_job.job["kind"], by_job.job["attempt"], by_job.job["attached"]) == ("processing", 1, False)
    assert by_job.job["name"] == processing_jobs()[0]
    assert SageMakerProcessing().features(asked).job["attached"] is True
    assert len(processing_jobs()) == 1


def test_features_that_fail_are_told_in_the_functions_own_words(snapshots: S3Snapshots) -> None:
    asked = features_request(snapshots, declaration=declared())  # people have no amount
    with pytest.raises(JobFailed, match=r"^KeyError: .*\(processing job mlplatform-loans-features-"):
        SageMakerProcessing().features(asked)


def test_scores_of_a_job_are_those_of_the_model(snapshots: S3Snapshots, tmp_path: Path) -> None:
    made = train(request(tmp_path / "people"), tmp_path / "scratch")
    version = str(made.manifest["version"])
    stored_model = snapshots.adopt_folder("job_change", "model", version, made.folder, version)
    rows = people("july", 8).drop(columns=["row_id", "target"])
    asked = ScoresRequest("job_change", snapshots, stored_model.path, rows)
    by_job = SageMakerProcessing().scores(asked)
    np.testing.assert_array_equal(by_job.predictions, LocalProcessing().scores(asked).predictions)
    assert by_job.predictions.shape == (150,)
    assert by_job.job["name"] in processing_jobs()
