"""A use case in a folder of its own whose code a test can choose: job_change, with other files."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

import mlplatform.defs.job_change as shipped_package
from mlplatform.ml.declaration import Declaration
from mlplatform_tests.history import lenient


def with_code(
    folder: Path, patch: pytest.MonkeyPatch, files: Mapping[str, str], **hyperparameters: int
) -> Declaration:
    """The declaration of a copy of the use case's package in which these files are others."""
    package = folder / f"own_code_{folder.name}"
    shutil.copytree(Path(shipped_package.__file__).parent, package)
    for name, text in files.items():
        (package / name).write_text(text, encoding="utf-8")
    patch.syspath_prepend(folder)
    contracts, features, estimator = (
        importlib.import_module(f"{package.name}.{one}") for one in ("contracts", "features", "estimator")
    )
    parts = {
        "raw": contracts.RawEnrollee,
        "features": contracts.EnrolleeFeatures,
        "build_features": features.build_features,
        "estimator": estimator.build_estimator,
    }
    known = lenient(**hyperparameters)
    return Declaration(**{**{name: getattr(known, name) for name in Declaration.model_fields}, **parts})
