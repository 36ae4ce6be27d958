"""Plans of generated histories, as if their store were in S3."""

from __future__ import annotations

from pathlib import Path

from mlplatform.lineage.exports.released import released
from mlplatform.lineage.exports.sagemaker_entities import Plan
from mlplatform.lineage.exports.sagemaker_plan import Places, plan_of
from mlplatform_tests.history import NAME, History
from mlplatform_tests.sagemaker_emulator.server import BUCKET

ROOT = f"s3://{BUCKET}/mlplatform"
PLACES = Places(
    snapshot=lambda path: f"{ROOT}/snapshots/{path}",
    landed=lambda sha256: f"{ROOT}/landed/{sha256}",
    document=lambda name: f"{ROOT}/lineage/{name}",
    installation=ROOT,
    endpoint="mlplatform-job-change",
    invocations="https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/mlplatform-job-change",
)


def planned(history: History, index: Path | None = None) -> Plan:
    """What an export of this history makes."""
    return plan_of(released(history.instance, NAME, index), PLACES)
