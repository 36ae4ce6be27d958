"""Training requests whose snapshots lie in the bucket, and processes that ask for one.

`python -m mlplatform_tests.resources.aws.asked FOLDER RUN_ID MAX_ITER` trains what lies in FOLDER, as a run
would, and prints what is recorded of the job.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mlplatform.container.layout import Layout
from mlplatform.container.train import SET_MANIFEST
from mlplatform.ml.manifests import SetManifest
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.snapshots import FOLDER, S3Snapshots
from mlplatform.resources.training import TrainedModel, TrainingRequest
from mlplatform.resources.training.sagemaker import SageMakerTraining
from mlplatform_tests.container.test_train import CASE, DECLARED, lay_out

SLOW = b"""
import time
from sklearn.ensemble import HistGradientBoostingClassifier
class Slow(HistGradientBoostingClassifier):
    def fit(self, X, y):
        print("the fit has begun", flush=True)
        time.sleep(120)
def build_estimator(seed, **given):
    return Slow()
"""


LINEAR = b"""
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.compose import ColumnTransformer, make_column_selector
def build_estimator(seed, **given):
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer([("numbers", numbers, make_column_selector(dtype_include="number"))])
    return make_pipeline(columns, LogisticRegression(max_iter=2000, tol=1e-10, random_state=seed))
"""


def uploaded(snapshots: S3Snapshots, path: str) -> None:
    """Put into the bucket what lies in the folder in front of it."""
    Objects(FOLDER).put(path, snapshots.place(path))


def stored(folder: Path) -> Path:
    """Two batches of generated people, in the folder and in the bucket."""
    root = lay_out(folder).channel("training")
    for path in root.rglob("*.parquet"):
        uploaded(S3Snapshots(root=str(root)), path.relative_to(root).as_posix())
    return folder


def request(
    folder: Path,
    run_id: str = "run",
    code: dict[str, bytes] | None = None,
    threads: int = 1,
    **hyperparameters: Any,
) -> TrainingRequest:
    """A request for a model of these people."""
    channel = Layout(folder).channel("training")
    return TrainingRequest(
        training_set=SetManifest.from_json(json.loads((channel / SET_MANIFEST).read_text())),
        snapshots=S3Snapshots(root=str(channel)),
        code={**CASE.code_files(), **(code or {})},
        declared=replace(DECLARED, threads=threads),
        hyperparameters=hyperparameters or {"max_iter": 5},
        run_id=run_id,
    )


def train(asked: TrainingRequest, scratch: Path | None = None) -> TrainedModel:
    """Its job's model; without a scratch folder, one whose files are gone again."""
    if scratch is not None:
        scratch.mkdir(parents=True)
        return SageMakerTraining().train(asked, scratch)
    with TemporaryDirectory() as temporary:
        return SageMakerTraining().train(asked, Path(temporary))


def asking(folder: Path, run_id: str, max_iter: int | str) -> subprocess.Popen[str]:
    """A process that asks for a model; "slow" for one that takes two minutes."""
    command = [sys.executable, "-m", __name__, str(folder), run_id, str(max_iter)]
    return subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True)


def main(folder: str, run_id: str, max_iter: str) -> None:
    slow = {"estimator.py": SLOW} if max_iter == "slow" else None
    parameters = {} if slow else {"max_iter": int(max_iter)}
    sys.stdout.write(json.dumps(train(request(Path(folder), run_id, slow, **parameters)).job))


if __name__ == "__main__":
    main(*sys.argv[1:])
