"""Where the platform's store lies in S3, for a plan of an export."""

from __future__ import annotations

from mlplatform.lineage.exports.sagemaker_plan import Places
from mlplatform.ml.naming import endpoint_name
from mlplatform.resources.aws.endpoint_names import hosted_name
from mlplatform.resources.aws.landed_files import FOLDER as LANDED
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.settings import AwsSettings
from mlplatform.resources.aws.snapshots import S3Snapshots

DOCUMENTS = "lineage"
"""The folder of documents that artifacts of the lineage point at, each named after its sha256."""


def places_of(settings: AwsSettings, snapshots: S3Snapshots, use_case: str) -> Places:
    """The URIs of this environment."""
    endpoint = hosted_name(endpoint_name(use_case), settings)
    host = f"runtime.sagemaker.{settings.region}.amazonaws.com"
    return Places(
        snapshot=snapshots.uri,
        landed=Objects(LANDED, settings).uri,
        document=Objects(DOCUMENTS, settings).uri,
        installation=settings.uri(),
        endpoint=endpoint,
        invocations=f"https://{host}/endpoints/{endpoint}/invocations",
    )
