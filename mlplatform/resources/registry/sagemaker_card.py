"""A model card in the form of SageMaker's. Pure, but for the check of what came out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlplatform.ml.cards import ModelCard, stated
from mlplatform.ml.errors import WrongUsage

MOST_BYTES = 100_000
_LONG, _SHORT, _OBSERVATION = 2048, 1024, 2096


def card_content(card: ModelCard, training: Mapping[str, str], artifact: str) -> dict[str, Any]:
    """The content as the card of a model package takes it: of the overview, only creator and artifact.

    `training`: URIs of the training and validation set by name. Texts over the service's limits are cut.
    """
    owners = ", ".join(card.owners)
    return {
        "model_overview": {
            "model_artifact": [artifact],
            **({"model_creator": owners[:_SHORT]} if owners else {}),
        },
        "intended_uses": {
            "purpose_of_model": _cut(stated(card.description), _LONG),
            "intended_uses": _cut(stated(card.intended_use), _LONG),
            "factors_affecting_model_efficiency": _cut(stated(card.limits), _LONG),
            "risk_rating": "Unknown",
        },
        "training_details": {
            "training_job_details": {
                "training_datasets": [training["training_set"]],
                "user_provided_hyper_parameters": [
                    {"name": name[:255], "value": str(value)[:255]}
                    for name, value in sorted(card.hyperparameters.items())
                ],
            },
            "training_observations": _cut(
                f"{card.training_rows} rows of {card.batches} batches, {card.quarantined_rows} of "
                f"{card.rows_in} landed rows in quarantine",
                _SHORT,
            ),
        },
        "evaluation_details": [_evaluation(card, training["validation_set"])],
        "additional_information": {
            "caveats_and_recommendations": _cut(stated(card.limits), _LONG),
            "custom_details": {
                "use_case": card.use_case,
                "model_version": card.model_version,
                "training_set_digest": card.training_digest,
                "validation_set_digest": card.validation_digest,
            },
        },
    }


def checked_content(content: Mapping[str, Any]) -> str:
    """The content as JSON, after the `sagemaker` package has found it to be a model card.

    WrongUsage, in its words, where it has not.
    """
    from pydantic import ValidationError
    from sagemaker.core.shapes.model_card_shapes import ModelCardContent  # takes seconds

    try:
        ModelCardContent.model_validate(content)
    except ValidationError as error:
        raise WrongUsage(f"the model card is none for SageMaker: {error}") from error
    text = json.dumps(content, sort_keys=True)
    if len(text.encode()) > MOST_BYTES:
        raise WrongUsage(
            f"the model card has {len(text.encode()):,} bytes, SageMaker takes {MOST_BYTES:,}. "
            "Use fewer slices or hyperparameters."
        )
    return text


def _evaluation(card: ModelCard, validation_set: str) -> dict[str, Any]:
    verdict = card.verdict
    groups = [{"name": "metrics", "metric_data": _numbers(card.metrics.items())}]
    if card.importance:
        groups.append({"name": "loss when shuffled", "metric_data": _numbers(card.importance)})
    return {
        "name": "validation set",
        "evaluation_observation": _cut(f"{verdict['decision']}: {verdict['reason']}", _OBSERVATION),
        "datasets": [validation_set],
        "metadata": {"rows": str(card.validation_rows), "verdict": str(verdict["decision"])},
        "metric_groups": groups,
    }


def _numbers(pairs: Iterable[tuple[str, float]]) -> list[dict[str, Any]]:
    return [{"name": name[:255], "type": "number", "value": float(value)} for name, value in pairs]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
