"""What things of an endpoint are called in the service."""

from __future__ import annotations

from mlplatform.ml.hashing import digest
from mlplatform.resources.aws.job_names import LENGTH
from mlplatform.resources.aws.settings import AwsSettings, aws_settings

VARIANT = "m-"


def hosted_name(endpoint: str, settings: AwsSettings | None = None) -> str:
    """The service's name of an endpoint of ours: an account may hold several installations."""
    name = f"{(settings or aws_settings())['MLPLATFORM_NAME']}-{endpoint}"
    if len(name) <= LENGTH:
        return name
    return f"{name[: LENGTH - 9].rstrip('-')}-{digest(name)[:8]}"  # cut alone, two could become one


def variant_of(version: str) -> str:
    """The variant under which a model version serves: captured traffic carries its name."""
    return f"{VARIANT}{version}"
