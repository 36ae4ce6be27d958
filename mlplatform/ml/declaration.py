"""What a use case declares: contracts, functions and policies. Everything else follows from it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mlplatform.ml.code_files import files_of
from mlplatform.ml.code_version import code_version
from mlplatform.ml.declared_columns import refuse_columns_that_do_not_fit
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.gate import Gate
from mlplatform.ml.hashing import canonical_json
from mlplatform.ml.metrics import Task
from mlplatform.ml.naming import checked_use_case_name
from mlplatform.ml.policies import Approval, Leakage, Monitoring, Retraining
from mlplatform.ml.splits import EntitySplit, Split, TimeSplit, column_of
from mlplatform.ml.steps import Step
from mlplatform.ml.task_rules import refuse_other_metric

PLATFORM_PREFIXES = ("mlplatform.ml", "mlplatform.container")
POLICIES = {
    "file": FileFormat,
    "split": (EntitySplit, TimeSplit),
    "leakage": Leakage,
    "gate": Gate,
    "approval": Approval,
    "monitoring": Monitoring,
    "retraining": Retraining,
}


class Declaration(BaseModel):
    """A use case, free of Dagster. `raw` and `features` are pandera models.

    The functions live in modules beside each other in one package, the use case's folder: these files are
    hashed into code versions and copied beside every model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: str = Field(description="lower-case name; group, prefix of asset keys and of job names")
    description: str = Field(description="what is predicted, for whom; shown in the UI and on the model card")
    raw: Any = Field(description="pandera model of a landed file")
    features: Any = Field(description="pandera model of what build_features returns")
    build_features: Callable[..., Any] = Field(description="DataFrame -> DataFrame, pure, row by row")
    estimator: Callable[..., Any] = Field(
        description="(seed, **hyperparameters) -> unfitted sklearn Pipeline"
    )
    hyperparameters: dict[str, Any] = Field(
        default_factory=dict, description="keyword arguments of estimator"
    )
    entity: str = Field(description="column that names whom a row is about")
    target: str = Field(description="column to predict")
    task: Task
    positive: str | int | None = Field(
        default=None,
        description="binary classification: the class whose probability is predicted; the larger one if None",
    )
    file: FileFormat = FileFormat()
    after_the_fact: tuple[str, ...] = Field(
        default=(),
        description="columns known only when the target is: hidden from build_features, not part of requests",
    )
    split: Split = EntitySplit()
    leakage: Leakage = Leakage()
    gate: Gate
    approval: Approval = Approval()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()
    max_quarantined_share: float = Field(
        default=0.1, ge=0, le=1, description="more bad rows than this refuse a batch"
    )
    minimum_rows: int = Field(
        default=50, ge=2, description="fewer rows than this in a set refuse the training"
    )
    seed: int = 0
    threads: int = Field(
        default=1, ge=1, description="threads of a fit; part of the model, since results depend on it"
    )
    owners: tuple[str, ...] = ()
    intended_use: str = Field(default="", description="shown on the model card")
    limits: str = Field(default="", description="what the model is not for; shown on the model card")
    sample: Callable[..., Any] | None = Field(
        None, description="(rows, seed, drift) -> DataFrame to try with"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Declaration:
        checked_use_case_name(self.name)
        for field, kind in POLICIES.items():
            kinds = kind if isinstance(kind, tuple) else (kind,)
            if not isinstance(getattr(self, field), kinds):
                names = " or ".join(f"{one.__name__}(...)" for one in kinds)
                raise ValueError(f"{self.name}: {field} must be {names}")
        refuse_other_metric(self.name, self.task, self.gate.metric)
        self._refuse_what_cannot_be_named()
        packages = {one.__module__.rpartition(".")[0] for one in self._parts().values()}
        if len(packages) != 1:
            raise ValueError(
                f"{self.name}: contracts and functions lie in {sorted(packages)}, not in one folder"
            )
        if not self.package:
            raise ValueError(f"{self.name}: contracts and functions must lie in modules of a package")
        try:
            canonical_json(self.hyperparameters)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.name}: hyperparameters must be JSON values: {error}") from None
        refuse_columns_that_do_not_fit(self)
        return self

    def _refuse_what_cannot_be_named(self) -> None:
        """A model's own copy of the code finds each part by module and name."""
        for role, part in self._parts().items():
            module = sys.modules.get(getattr(part, "__module__", ""))
            if module is None or getattr(module, getattr(part, "__name__", ""), None) is not part:
                raise ValueError(
                    f"{self.name}: {role} must be named at the top level of a module, not {part!r}"
                )
        for role, contract in (("raw", self.raw), ("features", self.features)):
            if not hasattr(contract, "to_schema"):
                raise ValueError(f"{self.name}: {role} must be a pandera DataFrameModel, not {contract!r}")

    def _parts(self) -> dict[str, Any]:
        names = ("raw", "features", "build_features", "estimator")
        return {name: getattr(self, name) for name in names}

    @property
    def unseen(self) -> tuple[str, ...]:
        """Columns that `build_features` never sees and requests lack: the target, and what comes with it."""
        return (self.target, *self.after_the_fact)

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns that travel beside the features: entity, target, what the split and the gate need."""
        needed = [self.entity, self.target, column_of(self.split, self.entity)]
        if self.gate.naive and self.gate.naive not in self.features.to_schema().columns:
            needed.append(self.gate.naive)
        return tuple(dict.fromkeys(needed))

    @cached_property
    def package(self) -> str:
        """Dotted name of the use case's folder."""
        return str(self.build_features.__module__.rpartition(".")[0])

    @property
    def folder(self) -> Path:
        """The use case's folder on this machine."""
        return Path(inspect.getfile(self.build_features)).parent

    def code_version(self, step: Step) -> str:
        """Hex sha256 over the code of a step: see `docs/architecture.md`, "What counts as a change"."""
        modules = [*step.platform_code, *(self._parts()[name].__module__ for name in step.use_case_code)]
        return code_version(modules, self._prefixes)

    def code_files(self) -> dict[str, bytes]:
        """The files of the use case that a model takes with it, by path relative to its folder."""
        modules = {part.__module__ for part in self._parts().values()}
        return files_of(self.package, self.folder, modules)

    @property
    def _prefixes(self) -> tuple[str, ...]:
        return (*PLATFORM_PREFIXES, self.package)

    def reference(self, part: str) -> str:
        """A function or contract as "module:name", relative to the folder."""
        one = self._parts()[part]
        return f"{one.__module__.removeprefix(self.package + '.')}:{one.__name__}"

    def parameters(self, step: Step) -> Mapping[str, Any]:
        """What of the declaration, besides code, decides a step's outcome; plain JSON values."""
        carried = list(self.carried)
        roles = {"entity": self.entity, "target": self.target}
        spelling = self.file.model_dump(mode="json")
        text = {name: spelling.pop(name) for name in ("delimiter", "encoding")}
        by_step: dict[str, dict[str, Any]] = {
            "raw": {**text, "decimal": spelling["decimal"], "dates": spelling["dates"]},
            "validated": {"max_quarantined_share": self.max_quarantined_share, **spelling},
            "features": {"carried": carried, "unseen": list(self.unseen)},
            "sets": {
                **roles,
                "split": self.split.model_dump(),
                "leakage": self.leakage.model_dump(mode="json"),
                "minimum_rows": self.minimum_rows,
                "task": self.task,
            },
            "model": {
                **roles,
                "hyperparameters": self.hyperparameters,
                "seed": self.seed,
                "threads": self.threads,
                "task": self.task,
                "positive": self.positive,
                "after_the_fact": list(self.after_the_fact),
            },
            "evaluation": {"gate": self.gate.model_dump(mode="json"), "task": self.task, "seed": self.seed},
            "model_card": {
                "description": self.description,
                "intended_use": self.intended_use,
                "limits": self.limits,
                "owners": list(self.owners),
            },
            "approval": self.approval.model_dump(),
            "endpoint": {},
            "captured": {},
            "drift": self.monitoring.model_dump(),
        }
        return by_step[step.name]
