"""What CreateModelPackage is sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlplatform.ml.evidence import Evidence
from mlplatform.ml.hashing import digest
from mlplatform.resources.aws.settings import AwsSettings
from mlplatform.resources.training.sagemaker_request import ENVIRONMENT

_TYPES = ["text/csv", "application/json", "application/jsonlines"]
_TOKEN = 36
_PROPERTY = 256
_NOT_ALLOWED = re.compile(r"[^\w .:/=+\-@]")
_NAMED = re.compile(r"model (?P<version>\S+), evidence (?P<evidence>[0-9a-f]{64})")


def package_request(
    settings: AwsSettings,
    group: str,
    evidence: Evidence,
    places: Mapping[str, str],
    facts: Mapping[str, str],
    card: str,
) -> dict[str, Any]:
    """`places`: URIs of the model's archive, the evaluation, both sets and the card's page, by asset.

    `facts`: more of what people look for, such as the deciding metric. The token follows from the content, so
    that the service makes one package of it however often it is asked.
    """
    request = {
        "ModelPackageGroupName": group,
        "ModelPackageDescription": description_of(evidence),
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": settings["MLPLATFORM_IMAGE"],
                    "ModelDataUrl": places["model"],
                    "Environment": dict(ENVIRONMENT),
                }
            ],
            "SupportedContentTypes": _TYPES,
            "SupportedResponseMIMETypes": _TYPES,
            "SupportedRealtimeInferenceInstanceTypes": [settings["MLPLATFORM_ENDPOINT_INSTANCE"]],
        },
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": places["evaluation"]}
            },
            "Explainability": {"Report": {"ContentType": "text/html", "S3Uri": places["model_card"]}},
        },
        "CustomerMetadataProperties": _properties({**vars(evidence), **facts, **_sets(places)}),
        "ModelCard": {"ModelCardContent": card, "ModelCardStatus": "PendingReview"},
    }
    return {**request, "ClientToken": digest(request)[:_TOKEN]}


def description_of(evidence: Evidence) -> str:
    """What a listing shows of a package, by which it is found again."""
    return f"{evidence.use_case} model {evidence.model_version}, evidence {evidence.sha256}"


def named_in(description: str) -> tuple[str, str] | None:
    """Model version and evidence of a package of ours; None for any other."""
    found = _NAMED.search(description)
    return (found["version"], found["evidence"]) if found else None


def _sets(places: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}_uri": places[name] for name in ("training_set", "validation_set")}


def _properties(facts: Mapping[str, str]) -> dict[str, str]:
    """As the service takes them: without signs that it does not know, none empty."""
    cleaned = {name: _NOT_ALLOWED.sub("_", str(value))[:_PROPERTY] for name, value in facts.items()}
    return {name: value for name, value in cleaned.items() if value}
