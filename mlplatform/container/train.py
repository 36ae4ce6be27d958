"""The training program: `python -m mlplatform.container.train [BASE]`, BASE being /opt/ml in a container.

Reads the channels `training` (the snapshots that a set's manifest names), `set` (that manifest, unless it
lies beside the snapshots) and `code`, fits, and leaves in `model/` the pipeline as skops, `metrics.json`,
`baseline.json` (how the features were spread, for monitoring), `manifest.json` and the code it was made with.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.container.artifact import dump_canonical
from mlplatform.container.code import Code, Declared, folder_sha256
from mlplatform.container.failure import ended
from mlplatform.container.layout import ARTIFACT, Layout
from mlplatform.container.threads import fixed_threads
from mlplatform.ml.baseline import BASELINE_FILE, baseline_of
from mlplatform.ml.environment import environment
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.hashing import digest
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.splits import column_of
from mlplatform.ml.stored_tables import read_stored
from mlplatform.ml.table_hash import table_hash
from mlplatform.ml.targets import labels_of, positive_class

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SET_MANIFEST = "manifest.json"
_MULTICLASS = "multiclass_classification"
# `answers` stands only in manifests of models that need it: versions that are out in the world stay.
_IDENTITY = ("artifact_sha256", "training_set", "code_version", "hyperparameters", "answers")


def train(layout: Layout) -> dict[str, Any]:
    """Fit below `layout` and return the model's manifest. The same inputs give the same artifact bytes."""
    started = time.perf_counter()
    channel = layout.channel("training")
    code = Code(layout.channel("code"))
    declared = code.declared
    manifest = _set_of(layout)
    parameters = read_hyperparameters(layout)
    features = list(code.named(declared.features).to_schema().columns)
    rows = load_set(manifest, channel.joinpath, declared)
    with fixed_threads(declared.threads):
        estimator = code.named(declared.estimator)(seed=declared.seed, **parameters)
        estimator.fit(rows[features], _labels(rows[declared.target], declared))
        artifact = dump_canonical(estimator)
    metrics = {
        "training_rows": len(rows),
        **_target_metrics(rows[declared.target], declared, estimator),
        "artifact_bytes": len(artifact),
        "seconds": round(time.perf_counter() - started, 3),
    }
    (layout.model / "metrics.json").write_text(json.dumps(metrics, indent=2))
    baseline = baseline_of(rows[features]).to_json()
    (layout.model / BASELINE_FILE).write_text(json.dumps(baseline, indent=2), encoding="utf-8")
    return _leave_model(layout, artifact, manifest, declared, parameters)


def _set_of(layout: Layout) -> SetManifest:
    beside = layout.channel("set") / SET_MANIFEST
    place = beside if beside.exists() else layout.channel("training") / SET_MANIFEST
    return SetManifest.from_json(json.loads(place.read_text(encoding="utf-8")))


def _labels(target: pd.Series, declared: Declared) -> pd.Series | np.ndarray:
    return target if declared.task == "regression" else labels_of(target)


def _target_metrics(target: pd.Series, declared: Declared, estimator: Any) -> dict[str, Any]:
    """What a prediction without a model needs: the mean, or the share of the positive class (both are called
    `target_mean`), or how many rows each class has, as pairs since JSON's keys are text."""
    if declared.task == "regression":
        return {"target_mean": float(target.mean())}
    labels, classes = labels_of(target), estimator.classes_.tolist()
    if declared.task == _MULTICLASS:
        return {"class_rows": [[one, int((labels == one).sum())] for one in classes]}
    positive = positive_class(declared.positive, classes, declared.use_case)
    return {"target_mean": float((labels == positive).mean())}


def read_hyperparameters(layout: Layout) -> dict[str, Any]:
    """Keyword arguments of the estimator function: the service hands over text, each value is JSON."""
    document = json.loads(layout.hyperparameters.read_text(encoding="utf-8"))
    return {name: json.loads(text) for name, text in document.items()}


def load_set(manifest: SetManifest, place: Callable[[str], Path], declared: Declared) -> pd.DataFrame:
    """The rows a manifest selects, batches in its order; `place` says where a snapshot's path lies here.

    Every snapshot's hash is computed again, so what is fitted is what the manifest names (DamagedSnapshot).
    """
    import pandas as pd

    frames = []
    for part in manifest.parts:
        stored = place(part.path)
        table = read_stored(stored)
        if table_hash(table) != part.sha256:
            raise DamagedSnapshot(
                f"{part.path} does not hold what its name says. Run again to make it.",
                stored.resolve(),
            )
        frame = table.to_pandas()
        held_out = manifest.split.held_out(frame[column_of(manifest.split, declared.entity)].tolist())
        frames.append(frame[held_out if manifest.side == "validation" else ~held_out])
    return pd.concat(frames, ignore_index=True)


def _leave_model(
    layout: Layout,
    artifact: bytes,
    manifest: SetManifest,
    declared: Declared,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    identity = {
        "artifact_sha256": hashlib.sha256(artifact).hexdigest(),
        "training_set": manifest.digest,
        "code_version": declared.code_version,
        "hyperparameters": parameters,
        **_answers(declared),
    }
    sha256 = model_sha256(identity)
    document = {
        **identity,
        "sha256": sha256,
        "version": sha256[:12],
        "use_case": declared.use_case,
        "seed": declared.seed,
        "inputs": [{"batch": p.batch, "sha256": p.sha256, "rows": p.rows} for p in manifest.parts],
        "environment": environment(declared.threads, Code(layout.channel("code")).imports),
    }
    shutil.copytree(
        layout.channel("code"), layout.model / "code", ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )  # fmt: skip
    document["code_sha256"] = folder_sha256(layout.model / "code")
    (layout.model / ARTIFACT).write_bytes(artifact)
    (layout.model / "manifest.json").write_text(json.dumps(document, indent=2, sort_keys=True))
    return document


def _answers(declared: Declared) -> dict[str, Any]:
    """What the same artifact, trained by the same code, can still be made to answer otherwise by."""
    odd = declared.positive is not None or declared.after_the_fact or declared.task == _MULTICLASS
    asked = {
        "task": declared.task,
        "positive": declared.positive,
        "after_the_fact": list(declared.after_the_fact),
    }
    return {"answers": asked} if odd else {}


def model_sha256(manifest: Mapping[str, Any]) -> str:
    """Hex sha256 of what makes a model the one it is; its first 12 digits are the version."""
    return digest({name: manifest[name] for name in _IDENTITY if name in manifest})


def main(arguments: list[str]) -> int:
    """0, or 1 with the reason in the failure file and the traceback on stderr."""
    layout = Layout(Path(arguments[0] if arguments else "/opt/ml"))
    layout.make()
    return ended(lambda: train(layout), layout.failure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
