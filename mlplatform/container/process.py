"""The processing program: `python -m mlplatform.container.process [BASE]`, BASE being /opt/ml in a container.

Reads `processing/input/request/request.json`, which says what is asked for: the features of a batch, by the
code in the input `code`, or predictions, by the model (a tar.gz) in the input `model`. The rows are the one
Parquet file of the input `rows`, and what is made is left as one Parquet file in `processing/output/`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlplatform.container.code import Code
from mlplatform.container.failure import ended
from mlplatform.container.layout import Layout
from mlplatform.container.packed import unpack
from mlplatform.container.scoring import Model
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.features import BuildFeatures, carried, make_features
from mlplatform.ml.stored_tables import read_stored

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

REQUEST = "request.json"
RESULT = "table.parquet"
PREDICTION = "prediction"


@dataclass(frozen=True)
class ProcessingRequest:
    """What a processing job is asked for.

    `carried` are the columns that travel beside features; `artifact_sha256` and `code_sha256` are those of
    the model that predicts.
    """

    task: Literal["features", "scores"]
    carried: tuple[str, ...] = ()
    artifact_sha256: str = ""
    code_sha256: str = ""

    def to_bytes(self) -> bytes:
        """The request as it lies in its input."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> ProcessingRequest:
        """Back from `to_bytes`."""
        document = json.loads(content)
        return cls(**{**document, "carried": tuple(document["carried"])})


def features_of_batch(
    rows: pd.DataFrame, build: BuildFeatures, contract: Any, *, beside: Sequence[str], unseen: Sequence[str]
) -> pd.DataFrame:
    """Features of n validated rows, with row id and the `beside` columns in front. Raises BrokenCode."""
    made = make_features(rows, build, contract, unseen=unseen)
    beside_features = carried(rows, beside)
    for column in reversed(beside_features.columns):
        made.insert(0, column, beside_features[column])
    return made


def scores_of_rows(model: Model, rows: pd.DataFrame) -> np.ndarray:
    """Predictions of n validated rows, shape (n,), by the model's own code."""
    return model.predict(model.features_of(rows))


def process(layout: Layout) -> pa.Table:
    """Do what the request below `layout` asks for; the table that was made and stored."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    request = ProcessingRequest.from_bytes((layout.given("request") / REQUEST).read_bytes())
    rows = _rows(layout.given("rows"))
    made = _features(layout, request, rows) if request.task == "features" else _scores(layout, request, rows)
    table = pa.Table.from_pandas(made, preserve_index=False)
    layout.processed.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, layout.processed / RESULT, compression="zstd", write_page_checksum=True)
    return table


def _features(layout: Layout, request: ProcessingRequest, rows: pd.DataFrame) -> pd.DataFrame:
    code = Code(layout.given("code"))
    declared = code.declared
    build, contract = code.named(declared.build_features), code.named(declared.features)
    return features_of_batch(rows, build, contract, beside=request.carried, unseen=declared.unseen)


def _scores(layout: Layout, request: ProcessingRequest, rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    folder = layout.base / "unpacked"
    unpack(_the_one(layout.given("model"), "*.tar.gz"), folder)
    model = Model(folder)
    model.prove(request.artifact_sha256, request.code_sha256)
    return pd.DataFrame({PREDICTION: scores_of_rows(model, rows)})


def _rows(folder: Path) -> pd.DataFrame:
    return read_stored(_the_one(folder, "*.parquet")).to_pandas()


def _the_one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DamagedSnapshot(f"{folder} holds {len(found)} files {pattern} instead of one.")
    return found[0]


def main(arguments: list[str]) -> int:
    """0, or 1 with the reason in the message file and the traceback on stderr."""
    layout = Layout(Path(arguments[0] if arguments else "/opt/ml"))
    return ended(lambda: process(layout), layout.message)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
