"""The same work without a platform: read, engineer, split, train, score. What `overhead.py` compares with."""

from __future__ import annotations

import sys

import pandas as pd
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from mlplatform.defs.job_change.estimator import build_estimator
from mlplatform.defs.job_change.features import build_features
from mlplatform.ml.splits import EntitySplit


def main(path: str) -> None:
    """Print the ROC AUC on the hold-out."""
    rows = pd.read_csv(path)
    features = build_features(rows.drop(columns="target"))
    held_out = EntitySplit(validation_share=0.2).held_out(rows["enrollee_id"].tolist())
    with threadpool_limits(1):
        pipeline = build_estimator(seed=0).fit(features[~held_out], rows["target"][~held_out])
        prediction = pipeline.predict_proba(features[held_out])[:, 1]
    print(f"{roc_auc_score(rows['target'][held_out], prediction):.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
