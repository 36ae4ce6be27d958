"""Training with the `sagemaker` package as its users write it; prints what became of it.

`python -m mlplatform_tests.sagemaker_emulator.other_peoples_training BUCKET ROLE FOLDER`, with the emulator
in the environment. A program of its own, because importing the package takes seconds.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

_SCRIPT = """
import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
text = pathlib.Path("/opt/ml/input/data/train/rows.csv").read_text()
print(f"lr={parser.parse_args().lr} loss=0.25;", flush=True)
pathlib.Path("/opt/ml/model/model.txt").write_text(text.upper())
"""


def main(bucket: str, role: str, folder: str) -> None:
    """Train with ModelTrainer, wait with TrainingJob."""
    import boto3
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.resources import TrainingJob
    from sagemaker.core.training.configs import Compute, InputData, MetricDefinition, SourceCode
    from sagemaker.train import ModelTrainer

    logging.basicConfig(level=logging.INFO)  # the package logs what the container prints
    Path(folder, "train.py").write_text(_SCRIPT)
    boto3.client("s3").put_object(Bucket=bucket, Key="in/rows.csv", Body=b"a,b")
    trainer = ModelTrainer(
        sagemaker_session=Session(default_bucket=bucket),
        role=role,
        training_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/somebody:else",
        base_job_name="other",
        source_code=SourceCode(source_dir=folder, entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"lr": 0.5},
    ).with_metric_definitions([MetricDefinition(name="loss", regex=r"loss=([0-9.]+)")])
    data = [InputData(channel_name="train", data_source=f"s3://{bucket}/in/")]
    trainer.train(input_data_config=data, wait=True, logs=True)

    job = TrainingJob.get(trainer._latest_training_job.training_job_name)
    job.wait(poll=1)
    said = {
        "status": job.training_job_status,
        "phase": job.secondary_status,
        "loss": job.final_metric_data_list[0].value,
        "model": job.model_artifacts.s3_model_artifacts,
    }
    sys.stdout.write(f"\nbecame {json.dumps(said)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
