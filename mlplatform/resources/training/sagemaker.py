"""Training in a job of Amazon SageMaker, in the same program that trains locally."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from mlplatform.container.scoring import Model
from mlplatform.container.train import SET_MANIFEST, model_sha256
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.hashing import canonical_json
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.job_names import job_key
from mlplatform.resources.aws.jobs.dagster_runs import instance_of
from mlplatform.resources.aws.jobs.files import JobFiles, UnusableResult, unpack
from mlplatform.resources.aws.jobs.following import FinishedJob, run_job
from mlplatform.resources.aws.jobs.launching import JobRequest
from mlplatform.resources.aws.jobs.services import TrainingJobs
from mlplatform.resources.aws.jobs.waiting_runs import USE_CASE_TAG, waiting_as
from mlplatform.resources.aws.settings import AwsSettings, aws_settings
from mlplatform.resources.training import TrainedModel, TrainingRequest
from mlplatform.resources.training.sagemaker_request import Channels, snapshot_manifest, training_members

SET_TAG = "mlplatform:training_set"


class SageMakerTraining(dg.ConfigurableResource[Any]):
    """One job per thing to train, whoever asks and however often. The settings are the environment's.

    A fit that a spot interruption cuts off begins again from the start: estimators keep no checkpoints.
    """

    def train(self, request: TrainingRequest, scratch: Path) -> TrainedModel:
        """Launch the job or attach to it, wait, and leave its model below `scratch`."""
        settings = aws_settings()
        connected = clients(settings.region)
        files = JobFiles(settings)
        asked, code_sha256 = _asked(request, settings, files, scratch)
        asked = replace(asked, instance=instance_of(self))
        done = run_job(TrainingJobs(connected), asked, settings.number("MLPLATFORM_POLL_SECONDS"))
        folder = _fetched(files, done, scratch)
        manifest = _proven(done, folder, request.training_set.digest, code_sha256)
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        return TrainedModel(folder, manifest, metrics, done.document())


def _asked(
    request: TrainingRequest, settings: AwsSettings, files: JobFiles, scratch: Path
) -> tuple[JobRequest, str]:
    """The job that is wanted, its inputs stored, and the sha256 of its code."""
    code, code_sha256 = files.put_code(request.code, request.declared, scratch / "code")
    use_case, training_set = request.declared.use_case, request.training_set
    # what is trained, and for which installation; the code's folder holds seed, threads and code version
    key = job_key(
        "training",
        {
            "store": settings.uri(),
            "use_case": use_case,
            "training_set": training_set.digest,
            "code": code_sha256,
            "hyperparameters": dict(request.hyperparameters),
        },
    )
    channels = Channels(_snapshots(request, files), _set(request, files), code)
    members = training_members(
        settings, channels, request.hyperparameters, settings.uri("checkpoints", key, "")
    )
    asked = JobRequest(
        slug=f"{settings['MLPLATFORM_NAME']}-{use_case}",
        key=key,
        members=members,
        tags={**settings.tags, USE_CASE_TAG: use_case, SET_TAG: training_set.digest},
        run_id=waiting_as(request.run_id),
        instance_types=settings.several("MLPLATFORM_TRAINING_INSTANCES"),
    )
    return asked, code_sha256


def _set(request: TrainingRequest, files: JobFiles) -> str:
    return files.put("sets", SET_MANIFEST, canonical_json(request.training_set.to_json()))


def _snapshots(request: TrainingRequest, files: JobFiles) -> str:
    paths = [part.path for part in request.training_set.parts]
    root = request.snapshots.uri(paths[0]).removesuffix(paths[0])
    name = "snapshots.manifest"
    return files.put("channels", name, snapshot_manifest(root, paths)) + name


def _fetched(files: JobFiles, done: FinishedJob, scratch: Path) -> Path:
    """The model's folder. UnusableResult, with the way out, where there is none."""
    archive, folder = scratch / "model.tar.gz", scratch / "model"
    try:
        files.fetch(done.state.result, archive)
        unpack(archive, folder)
    except UnusableResult as error:
        raise UnusableResult(f"{error} {_way_out(done)}") from error
    archive.unlink()
    return folder


def _proven(done: FinishedJob, folder: Path, training_set: str, code_sha256: str) -> Mapping[str, Any]:
    """The model's manifest, once artifact, code and set are those that it names and that were asked for."""
    try:
        model = Model(folder)
        manifest = model.manifest
        model.prove(manifest["artifact_sha256"], code_sha256)
        whole = model_sha256(manifest) == manifest["sha256"] and manifest["training_set"] == training_set
    except (DamagedSnapshot, OSError, ValueError, KeyError) as error:
        raise UnusableResult(
            f"{done.state.result} holds no whole model: {error}. {_way_out(done)}"
        ) from error
    if not whole:
        raise UnusableResult(f"{done.state.result} holds another model than was asked for. {_way_out(done)}")
    return manifest


def _way_out(done: FinishedJob) -> str:
    name = done.state.name
    return f"To train again: aws sagemaker delete-training-job --training-job-name {name}, and run again."
