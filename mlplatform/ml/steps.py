"""The graph as data: which assets there are, what each is made from, and which code makes it.

Asset factories, the plan and the command line all read this table, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

LANDED_FILE = "landed_file"


@dataclass(frozen=True)
class Step:
    """What runs as one: its output assets, what it reads, and whether there is one per batch.

    `platform_code` and `use_case_code` name what the step's code version covers: modules of the platform, and
    those fields of the declaration whose modules take part.
    """

    name: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    per_batch: bool
    platform_code: tuple[str, ...]
    use_case_code: tuple[str, ...] = ()


_MODEL_CODE = ("raw", "features", "build_features", "estimator")

STEPS: tuple[Step, ...] = (
    Step("raw", ("raw",), (LANDED_FILE,), True, ("mlplatform.ml.reading",)),
    Step(
        "validated",
        ("validated", "quarantine"),
        ("raw",),
        True,
        ("mlplatform.ml.contracts",),
        ("raw",),
    ),
    Step(
        "features",
        ("features",),
        ("validated",),
        True,
        ("mlplatform.ml.features",),
        ("features", "build_features"),
    ),
    Step(
        "sets",
        ("training_set", "validation_set"),
        ("features",),
        False,
        ("mlplatform.ml.manifests", "mlplatform.ml.sufficiency"),
    ),
    Step("model", ("model",), ("training_set",), False, ("mlplatform.container.train",), _MODEL_CODE),
    Step(
        "evaluation",
        ("evaluation",),
        ("model", "validation_set"),
        False,
        (
            "mlplatform.container.scoring",
            "mlplatform.ml.gate",
            "mlplatform.ml.importance",
            "mlplatform.ml.plots",
        ),
    ),
    Step(
        "model_card",
        ("model_card",),
        ("evaluation", "model", "training_set", "validation_set", "quarantine"),
        False,
        ("mlplatform.ml.cards", "mlplatform.ml.plots"),
    ),
)

BY_NAME = {step.name: step for step in STEPS}
STEP_OF = {asset: step for step in STEPS for asset in step.outputs}
PER_BATCH = frozenset({LANDED_FILE, *(asset for asset, step in STEP_OF.items() if step.per_batch)})
ASSETS = tuple(STEP_OF)
