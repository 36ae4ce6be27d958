"""Settings of an account that does not exist."""

from __future__ import annotations

from mlplatform.resources.aws.settings import AwsSettings, aws_settings

GIVEN = {
    "AWS_REGION": "us-east-1",
    "MLPLATFORM_BUCKET": "some-bucket",
    "MLPLATFORM_IMAGE": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mlplatform@sha256:" + "a" * 64,
    "MLPLATFORM_EXECUTION_ROLE": "arn:aws:iam::123456789012:role/execution",
    "DAGSTER_PG_HOST": "db",
    "DAGSTER_PG_USER": "dagster",
    "DAGSTER_PG_PASSWORD": "secret",
    "DAGSTER_PG_DB": "dagster",
}


def settings(**changes: str) -> AwsSettings:
    """What is read from an environment with these variables."""
    return aws_settings({**GIVEN, **changes})
