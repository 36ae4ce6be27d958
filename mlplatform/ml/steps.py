"""The graph as data: which assets there are, what each is made from, and which code makes it.

Asset factories, the plan and the command line all read this table, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

LANDED_FILE = "landed_file"


@dataclass(frozen=True)
class Step:
    """What runs as one: its output assets, what it reads, and whether there is one per batch (or window).

    `platform_code` and `use_case_code` name what the step's code version covers: modules of the platform, and
    those fields of the declaration whose modules take part.
    """

    name: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    per_batch: bool
    platform_code: tuple[str, ...]
    use_case_code: tuple[str, ...] = ()
    per_window: bool = False
    stage: str = ""

    def group(self, use_case: str) -> str:
        """The asset group: the use case's name, with the stage behind it where there is one."""
        return f"{use_case}_{self.stage}" if self.stage else use_case


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
        ("mlplatform.ml.manifests", "mlplatform.ml.sufficiency", "mlplatform.ml.leakage"),
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
            "mlplatform.ml.targets",
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

# What follows a verdict happens because somebody wants it, so it is not part of the plan.
RELEASE_STEPS: tuple[Step, ...] = (
    Step(
        "approval",
        ("approval",),
        ("model", "training_set", "validation_set", "evaluation", "model_card"),
        False,
        ("mlplatform.ml.approval", "mlplatform.ml.evidence"),
        stage="release",
    ),
    Step(
        "endpoint",
        ("endpoint",),
        ("approval", "model"),
        False,
        ("mlplatform.container.serving",),
        stage="release",
    ),
)
MONITORING_STEPS: tuple[Step, ...] = (
    Step(
        "captured",
        ("captured",),
        ("endpoint",),
        False,
        ("mlplatform.ml.traffic",),
        per_window=True,
        stage="monitoring",
    ),
    Step(
        "drift",
        ("drift",),
        ("captured", "model", "evaluation"),
        False,
        ("mlplatform.container.scoring", "mlplatform.ml.drift", "mlplatform.ml.traffic"),
        per_window=True,
        stage="monitoring",
    ),
)
ALL_STEPS = (*STEPS, *RELEASE_STEPS, *MONITORING_STEPS)

BY_NAME = {step.name: step for step in ALL_STEPS}
STEP_OF = {asset: step for step in STEPS for asset in step.outputs}
PER_BATCH = frozenset({LANDED_FILE, *(asset for asset, step in STEP_OF.items() if step.per_batch)})
RELEASE_ASSETS = tuple(asset for step in RELEASE_STEPS for asset in step.outputs)
PER_WINDOW = frozenset(asset for step in MONITORING_STEPS if step.per_window for asset in step.outputs)
ASSETS = tuple(STEP_OF)
"""The assets that the plan decides about, upstream first: from raw to the model card."""
