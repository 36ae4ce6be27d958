"""The program that rebuilds a model from its record: `python -m mlplatform.container.rebuild SCRATCH`.

SCRATCH is laid out as for training, with an order (`container.rebuild_order`) and without snapshots: every
batch is made again from its landed file by the model's own code, and each step compared with what was
recorded, before anything is fitted. What came out is left in `outcome.json`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplatform.container.alike import Likeness, likeness
from mlplatform.container.code import Code
from mlplatform.container.failure import ended
from mlplatform.container.layout import Layout
from mlplatform.container.process import features_of_batch
from mlplatform.container.rebuild_order import BatchOrder, RebuildOrder
from mlplatform.container.train import SET_MANIFEST, train
from mlplatform.ml.contracts import validate
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.manifests import SetManifest
from mlplatform.ml.reading import ROW_ID, read_landed
from mlplatform.ml.splits import column_of
from mlplatform.ml.stored_tables import read_stored, write_stored
from mlplatform.ml.table_hash import table_hash

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

OUTCOME = "outcome.json"
STEP = "step"
"""A file that holds what is being made at the moment, for whoever loses patience."""


@dataclass(frozen=True)
class Outcome:
    """What came out: the first step that differs from its record, or the model that was fitted.

    `manifest` is that of the model, `alike` compares it with the stored one where their bytes differ.
    """

    difference: str | None = None
    manifest: dict[str, Any] | None = None
    alike: Likeness | None = None

    def write(self, folder: Path) -> None:
        """Leave the outcome for the process that asked."""
        (folder / OUTCOME).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Outcome:
        """Back from `write`."""
        document = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
        alike = document.pop("alike")
        return cls(**document, alike=Likeness(**alike) if alike else None)


def rebuild(scratch: Path) -> Outcome:
    """Make everything below `scratch` again, up to the first step that differs from its record."""
    order, layout = RebuildOrder.read(scratch), Layout(scratch)
    code = Code(layout.channel("code"))
    training_set = SetManifest.from_json(order.training_set)
    for number, batch in enumerate(order.batches, start=1):
        _tell(scratch, f"batch {batch.batch} ({number} of {len(order.batches)})")
        difference = _batch_again(batch, layout, code, order)
        if difference is None:
            difference = _other_rows(batch, layout, code, training_set)
        if difference is not None:
            return Outcome(difference)
    _tell(scratch, "the fit")
    manifest = layout.channel("training") / SET_MANIFEST
    manifest.write_text(json.dumps(order.training_set), encoding="utf-8")
    made, model = train(layout), Path(order.model)
    recorded = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    if made["artifact_sha256"] == recorded["artifact_sha256"]:
        return Outcome(manifest=made)
    _tell(scratch, "the comparison of predictions")
    return Outcome(manifest=made, alike=likeness(model, layout.model, order))


def _batch_again(batch: BatchOrder, layout: Layout, code: Code, order: RebuildOrder) -> str | None:
    """Make the features of a batch in the training channel; the first step that differs, if they do."""
    declared, differing = code.declared, list[str]()
    stored = _validated_again(batch, layout, code, differing)
    build, contract = code.named(declared.build_features), code.named(declared.features)
    beside = [
        one
        for one in _names(Path(order.places[batch.features]))
        if one != ROW_ID and one not in contract.to_schema().columns
    ]
    made = features_of_batch(stored.to_pandas(), build, contract, beside=beside, unseen=declared.unseen)
    table = _table(made)
    place = layout.channel("training") / batch.features
    place.parent.mkdir(parents=True, exist_ok=True)
    write_stored(table, place)
    _compare(batch, "features", table, differing)
    # other validated rows may give the same features: those are what is fitted
    return differing[0] if differing and differing[-1].startswith("features") else None


def _names(stored: Path) -> list[str]:
    import pyarrow.parquet as pq

    return list(pq.read_schema(stored).names)


def _validated_again(batch: BatchOrder, layout: Layout, code: Code, differing: list[str]) -> pa.Table:
    """The validated rows of a batch from its landed file, or as they are stored where the file cannot be
    read again."""
    if batch.landed is None or batch.spelling is None:
        return read_stored(Path(batch.validated))
    spelling = {asset: FileFormat(**said) for asset, said in batch.spelling.items()}
    raw = read_landed(Path(batch.landed), batch.file, batch.batch, spelling["raw"])
    _compare(batch, "raw", raw, differing)
    judged = validate(
        raw,
        code.named(code.declared.raw),
        source_file=batch.file,
        max_quarantined_share=1.0,  # the batch was let through then
        file_format=spelling["validated"],
    )
    table = _table(judged.rows)
    _compare(batch, "validated", table, differing)
    place = layout.base / "validated.parquet"
    write_stored(table, place)  # the features were made from what the store gives back
    return read_stored(place)


def _compare(batch: BatchOrder, asset: str, table: pa.Table, differing: list[str]) -> None:
    found, said = table_hash(table), batch.recorded[asset]
    if found != said:
        differing.append(
            f"{asset} of {batch.batch} comes out as another table: recorded {said[:12]}, now {found[:12]}"
        )


def _other_rows(batch: BatchOrder, layout: Layout, code: Code, training_set: SetManifest) -> str | None:
    """What is wrong with a batch's share of the set, drawn again by the set's rule."""
    part = next(one for one in training_set.parts if one.path == batch.features)
    column = column_of(training_set.split, code.declared.entity)
    values = read_stored(layout.channel("training") / batch.features, [column]).column(column).to_pylist()
    held_out = training_set.split.held_out(values)
    rows = int(held_out.sum() if training_set.side == "validation" else (~held_out).sum())
    if rows == part.rows:
        return None
    return f"training_set draws {rows:,} rows of {batch.batch}: recorded {part.rows:,}"


def _table(frame: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False)


def _tell(scratch: Path, step: str) -> None:
    (scratch / STEP).write_text(step, encoding="utf-8")
    print(f"  {step}", file=sys.stderr, flush=True)  # noqa: T201 - a program of its own


def main(arguments: list[str]) -> int:
    """0, or 1 with the reason in the failure file and the traceback on stderr."""
    layout = Layout(Path(arguments[0]))
    return ended(lambda: rebuild(layout.base).write(layout.base), layout.failure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
