"""A trained model: its pipeline, its manifest and the code it was trained with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.container.artifact import load_trusted
from mlplatform.container.code import Code, folder_sha256
from mlplatform.container.layout import ARTIFACT
from mlplatform.container.threads import fixed_threads
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.features import make_features
from mlplatform.ml.targets import Label, positive_class

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@cache
def model_in(folder: Path) -> Model:
    """The model in a folder of the store, loaded once per process: such folders never change."""
    return Model(folder)


@dataclass(frozen=True)
class Model:
    """A model folder, as training left it."""

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the model was made from: see `container.train`."""
        document: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return document

    @cached_property
    def code(self) -> Code:
        """The use case's functions as they were at training."""
        return Code(self.folder / "code")

    @cached_property
    def pipeline(self) -> Any:
        """The fitted pipeline; its bytes are compared with the manifest before anything is constructed."""
        try:
            data = (self.folder / ARTIFACT).read_bytes()
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.manifest["artifact_sha256"]:
            raise DamagedSnapshot(
                f"{self.folder / ARTIFACT} is not the model that its manifest names. Run again to make it.",
                self.folder,
            )
        return load_trusted(data)

    def prove(self, artifact_sha256: str, code_sha256: str) -> None:
        """DamagedSnapshot where artifact or code are not these bytes: what was approved is what is used."""
        artifact = self.folder / ARTIFACT
        found = hashlib.sha256(artifact.read_bytes()).hexdigest() if artifact.exists() else "nothing"
        if found != artifact_sha256:
            raise DamagedSnapshot(f"{artifact} is not the artifact that was trained.", self.folder)
        if folder_sha256(self.folder / "code") != code_sha256:
            raise DamagedSnapshot(f"{self.folder / 'code'} is not the code it was trained with.", self.folder)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What training measured: rows, mean of the target, bytes, seconds."""
        document: dict[str, Any] = json.loads((self.folder / "metrics.json").read_text(encoding="utf-8"))
        return document

    @cached_property
    def feature_names(self) -> list[str]:
        """Columns that the pipeline was fitted on, in order."""
        return list(self.code.named(self.code.declared.features).to_schema().columns)

    def features_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Features of n validated rows, by the model's own function and contract."""
        declared = self.code.declared
        build = self.code.named(declared.build_features)
        contract = self.code.named(declared.features)
        return make_features(rows, build, contract, unseen=declared.unseen)

    @cached_property
    def classes(self) -> tuple[Label, ...]:
        """The classes that a classification was fitted on, in the pipeline's order."""
        return tuple(self.pipeline.classes_.tolist())

    @cached_property
    def positive(self) -> Label:
        """The class of a binary classification whose probability is predicted."""
        declared = self.code.declared
        return positive_class(declared.positive, self.classes, declared.use_case)

    def predict(self, features: pd.DataFrame, positive: Label | None = None) -> np.ndarray:
        """Shape (n,): the probability of the positive class (binary), the label (multiclass) or the value.

        `positive` asks for another class than the model's own.
        """
        declared = self.code.declared
        with fixed_threads(declared.threads):
            return self.predict_as_threads_are(features[self.feature_names], declared.task, positive)

    def predict_as_threads_are(
        self, features: pd.DataFrame, task: str, positive: Label | None = None
    ) -> np.ndarray:
        """The same of exactly the model's columns, in a process whose threads are fixed once for all."""
        if task == "binary_classification":
            at = self.classes.index(self.positive if positive is None else positive)
            return self.pipeline.predict_proba(features)[:, at]
        return self.pipeline.predict(features)
