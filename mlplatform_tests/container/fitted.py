"""Fitted models to store, and Python in a new process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mlplatform

ROOT = Path(mlplatform.__file__).parents[1]


def rows(count: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """Features with numbers, strings and missing values of both, and a binary target."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "hours": rng.normal(size=count),
            "age": rng.integers(18, 70, count),
            "city": rng.choice(["Oslo", "Bergen", "Tromsø"], count),
            "level": rng.choice(["junior", "senior"], count),
        }
    )
    target = (frame["hours"] + (frame["city"] == "Oslo") + rng.normal(size=count) > 0).to_numpy().astype(int)
    frame.loc[::7, "hours"] = np.nan
    frame.loc[::11, "city"] = None
    return frame, target


def pipeline(model: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = [("numbers", numbers, ["hours", "age"]), ("texts", texts, ["city", "level"])]
    return make_pipeline(ColumnTransformer(columns), model)


MODELS = {
    "logistic": LogisticRegression(max_iter=500),
    "forest": RandomForestClassifier(n_estimators=8, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=8, early_stopping=True, random_state=0),
}


def run(code: str, *arguments: str, **environment: str) -> Any:
    """The JSON that a new Python process prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=inherited | {"PYTHONPATH": str(ROOT)} | environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
