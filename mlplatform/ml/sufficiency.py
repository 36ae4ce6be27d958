"""Is there enough to train on and to judge with? Asked before anything is fitted."""

from __future__ import annotations

from mlplatform.ml.errors import NotEnoughData
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.splits import TimeCut


def refuse_too_little(manifest: SetManifest, *, minimum_rows: int, task: str) -> None:
    """NotEnoughData where a set has too few rows, or a classification's set lacks a class."""
    batches = len(manifest.parts)
    name = f"{manifest.use_case}/{manifest.side}_set"
    if not manifest.rows and manifest.side == "training" and isinstance(manifest.split, TimeCut):
        raise NotEnoughData(
            f"{name} has no rows: all rows are from {manifest.split.first_day} on, which are held out by the "
            "TimeSplit. Land an earlier or a further batch, or hold out less in the use case."
        )
    if manifest.rows < minimum_rows:
        raise NotEnoughData(
            f"{name} has {manifest.rows:,} rows from {batches} batch(es), at least {minimum_rows:,} are "
            "needed. Land more data, or lower minimum_rows in the use case."
        )
    if task == "binary_classification" and len(manifest.classes) > 2:
        raise NotEnoughData(
            f"{name}: the target has {len(manifest.classes)} classes ({', '.join(manifest.classes)}), "
            "a binary classification has two. Let the contract allow two values."
        )
    if task.endswith("classification") and len(manifest.classes) < 2:
        only = next(iter(manifest.classes), "none")
        raise NotEnoughData(
            f"{name}: the target has one class only ({only}) in {manifest.rows:,} rows. "
            "Land data that holds at least two classes."
        )
