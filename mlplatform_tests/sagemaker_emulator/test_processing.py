"""Processing jobs, with boto3's own waiter."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.asked import IMAGE, lines
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE


def processing(name: str, script: str) -> dict[str, Any]:
    given = {
        "S3Uri": f"s3://{BUCKET}/rows/",
        "LocalPath": "/opt/ml/processing/rows",
        "S3DataType": "S3Prefix",
    }
    made = {"S3Uri": f"s3://{BUCKET}/made", "LocalPath": "/opt/ml/processing/made"}
    return {
        "ProcessingJobName": name,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["sh", "-c"],
            "ContainerArguments": [script],
        },
        "RoleArn": ROLE,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "ProcessingInputs": [{"InputName": "rows", "S3Input": {**given, "S3InputMode": "File"}}],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "made", "S3Output": {**made, "S3UploadMode": "EndOfJob"}}]
        },
        "Environment": {"GIVEN": "so"},
    }


def finished(service: Any, name: str) -> dict[str, Any]:
    waiter = service.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    return service.describe_processing_job(ProcessingJobName=name)  # type: ignore[no-any-return]


def test_inputs_are_at_their_paths_and_outputs_are_uploaded(emulator: Any) -> None:
    s3, service = emulator.client("s3"), emulator.client("sagemaker")
    s3.put_object(Bucket=BUCKET, Key="rows/deep/one.csv", Body=b"1")
    script = (
        "cd /opt/ml && cp -r processing/rows/deep processing/made/ && echo $PROCESSING_JOB_NAME $GIVEN; "
        "grep -c ProcessingJobName config/processingjobconfig.json; echo all is well > output/message"
    )
    service.create_processing_job(**processing("made", script))
    job = finished(service, "made")
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "all is well\n")
    assert s3.get_object(Bucket=BUCKET, Key="made/deep/one.csv")["Body"].read() == b"1"
    assert lines(emulator.client("logs"), "/aws/sagemaker/ProcessingJobs", "made") == ["made so", "1"]


def test_a_processing_job_can_be_stopped_and_is_listed(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    emulator.client("s3").put_object(Bucket=BUCKET, Key="rows/one.csv", Body=b"1")
    service.create_processing_job(**processing("long", "sleep 1000"))
    service.stop_processing_job(ProcessingJobName="long")
    assert finished(service, "long")["ProcessingJobStatus"] == "Stopped"
    listed = service.list_processing_jobs(StatusEquals="Stopped")["ProcessingJobSummaries"]
    assert [one["ProcessingJobName"] for one in listed] == ["long"]
