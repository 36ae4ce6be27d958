"""What things of an endpoint are called in the service."""

from __future__ import annotations

from mlplatform.resources.aws.job_names import LENGTH
from mlplatform.resources.aws.settings import AwsSettings, aws_settings

VARIANT = "m-"


def hosted_name(endpoint: str, settings: AwsSettings | None = None) -> str:
    """The service's name of an endpoint of ours: an account may hold several installations."""
    return f"{(settings or aws_settings())['MLPLATFORM_NAME']}-{endpoint}"[:LENGTH].rstrip("-")


def variant_of(version: str) -> str:
    """The variant under which a model version serves: captured traffic carries its name."""
    return f"{VARIANT}{version}"
