"""Whether what is stored still is what the records say: every hash computed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplatform.lineage.proof_of_models import model_facts
from mlplatform.lineage.proof_of_sets import set_facts
from mlplatform.lineage.records import Record
from mlplatform.lineage.walk import read_by
from mlplatform.ml.errors import DamagedSnapshot
from mlplatform.ml.hashing import digest, file_sha256
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.ml.table_hash import table_hash

if TYPE_CHECKING:
    from mlplatform.resources.landed_files import LandedFiles
    from mlplatform.resources.snapshots import Snapshots

Fact = tuple[str, Any, Any]
"""What a fact is about (a path, or a part of the record), what the records say of it, what was found."""
Facts = Iterator[Fact]


@dataclass(frozen=True)
class Finding:
    """A place where records and store, or two records, disagree."""

    asset: str
    batch: str | None
    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        of_batch = f" of {self.batch}" if self.batch else ""
        return f"{self.asset}{of_batch}: {self.path}: expected {self.expected}, found {self.found}"


def prove(walked: Iterable[Record], snapshots: Snapshots, landed_files: LandedFiles) -> list[Finding]:
    """Every disagreement in what `lineage.walk` found; empty where all of it is proven.

    Landed files and pages are compared byte by byte, tables and documents by their content, a model by the
    bytes of each of its files. Each stored version is read once, however many events name it.
    """
    records = {one.storage_id: one for one in walked}
    seen: set[tuple[Any, ...]] = set()
    findings: list[Finding] = []
    for record in records.values():
        read = read_by(record, records)
        facts = list(_links(record, records))
        version = (record.asset, record.path, record.sha256, tuple(one.path for one in read))
        if version not in seen:
            seen.add(version)
            facts += _guarded(record, _stored(record, read, snapshots, landed_files))
        findings += [
            Finding(record.asset, record.batch, about, str(said), str(found))
            for about, said, found in facts
            if said != found
        ]
    return findings


def _links(record: Record, records: Mapping[int, Record]) -> Facts:
    """What the record says of its inputs, against what these say of themselves."""
    for one in record.inputs:
        event, read = one["storage_id"], records.get(one["storage_id"])
        said = (one["asset"], one["batch"], one["sha256"])
        yield f"event {event}", said, (read.asset, read.batch, read.sha256) if read else "nothing"


def _guarded(record: Record, facts: Facts) -> Facts:
    """The same facts; where the store cannot be read, that it cannot."""
    try:
        yield from facts
    except FileNotFoundError as error:
        yield str(error.filename or record.path), "a stored file", "nothing"
    except (DamagedSnapshot, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield record.path, "something readable", f"{type(error).__name__}: {error}"


def _stored(record: Record, read: list[Record], snapshots: Snapshots, landed_files: LandedFiles) -> Facts:
    if record.asset == LANDED_FILE:
        yield record.path, record.sha256, file_sha256(landed_files.place(record.path))
    elif record.asset in _FACTS:
        yield from _FACTS[record.asset](record, read, snapshots)
    elif record.path.endswith(".parquet"):
        table = snapshots.read_table(record.path)
        yield record.path, record.sha256, table_hash(table)
        yield f"rows of {record.path}", record.rows, table.num_rows
    elif record.path.endswith(".json"):
        yield record.path, record.sha256, digest(snapshots.read_json(record.path))
    else:
        yield record.path, record.sha256, file_sha256(snapshots.place(record.path))


def _evaluation_facts(record: Record, read: list[Record], snapshots: Snapshots) -> Facts:
    document = snapshots.read_json(record.path)
    yield record.path, record.sha256, digest(document)
    for path in record.details["pictures"].values():
        yield path, _name(path), file_sha256(snapshots.place(path))
    if digest(document) != record.sha256:
        return  # of a document that is another one, nothing more can be said
    models = [one.sha256 for one in read if one.asset == "model"]
    judged = [document[name]["sha256"] for name in ("model", "champion") if document[name]]
    yield f"models of {record.path}", models, judged
    sets = [one.sha256 for one in read if one.asset == "validation_set"]
    yield f"validation set of {record.path}", sets, [document["validation_set"]]


def _approval_facts(record: Record, read: list[Record], snapshots: Snapshots) -> Facts:
    document = snapshots.read_json(record.path)
    yield record.path, record.sha256, digest(document)
    if digest(document) != record.sha256:
        return
    evidence = document["evidence"]
    yield f"evidence of {record.path}", record.details["evidence"], digest(evidence)
    for one in read:
        if one.asset in evidence:
            yield f"{one.asset} of {record.path}", one.sha256, evidence[one.asset]
        if one.asset == "model":
            yield f"artifact of {record.path}", one.details["artifact_sha256"], evidence["artifact"]
            yield f"code of {record.path}", one.details["code_sha256"], evidence["code"]


def _endpoint_facts(record: Record, read: list[Record], snapshots: Snapshots) -> Facts:
    document = snapshots.read_json(record.path)
    yield record.path, record.sha256, digest(document)
    if digest(document) != record.sha256:
        return
    told = record.details["document"]
    yield f"deployment of {record.path}", told, document["document"]
    for one in read:
        if one.asset == "approval":
            yield f"approval of {record.path}", one.sha256, told["approval"]
            yield f"evidence of {record.path}", one.details["evidence"], told["evidence"]
        if one.asset == "model":
            model = (one.path, one.details["artifact_sha256"], one.details["code_sha256"])
            named = (told["model"], told["artifact_sha256"], told["code_sha256"])
            yield f"model of {record.path}", model, named


def _name(path: str) -> str:
    """The hash that a stored file is named after."""
    return path.rpartition("/")[2].partition(".")[0]


_FACTS: Mapping[str, Callable[[Record, list[Record], Snapshots], Facts]] = {
    "training_set": set_facts,
    "validation_set": set_facts,
    "model": model_facts,
    "evaluation": _evaluation_facts,
    "approval": _approval_facts,
    "endpoint": _endpoint_facts,
}
