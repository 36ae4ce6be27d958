"""From a prediction to its request and to the deployment that answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlplatform.lineage.answering import period_at, periods_of
from mlplatform.lineage.entries import Entry
from mlplatform.lineage.graph import Graph, Node, shown_time
from mlplatform.lineage.index import Index, ask
from mlplatform.lineage.paths import behind, graph_of
from mlplatform.lineage.values import holders, look_for_predictions, prediction_kind
from mlplatform.ml.capture import Exchange, Message, exchanges
from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.hashing import digest
from mlplatform.ml.naming import endpoint_name
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    from mlplatform.resources.captured import CapturedTraffic
    from mlplatform.resources.snapshots import Snapshots

REQUEST = "request"
_WITHIN_A_SECOND = 1.0
"""A request's time is in whole seconds."""


@dataclass(frozen=True)
class Stores:
    """Where data and captured lines lie."""

    snapshots: Snapshots
    traffic: CapturedTraffic

    @classmethod
    def of_environment(cls) -> Stores:
        """Those of the chosen environment."""
        from mlplatform.resources.environment import resources

        found = resources()
        return cls(found["snapshots"], found["captured_traffic"])


@dataclass(frozen=True)
class _Answered:
    """One exchange with a given id. `facts` are to be shown, `window` is the captured version with it."""

    event_id: str
    time: str
    version: str
    sha256: str
    facts: Mapping[str, Any]
    window: Entry | None = None

    @property
    def seconds(self) -> float:
        """When it was answered, in seconds since 1970."""
        return datetime.fromisoformat(self.time).timestamp()


def trace_prediction(
    instance: dg.DagsterInstance, use_case: str, id_: str, stores: Stores, index: Path | None = None
) -> Graph:
    """See `trace`. A client may have used an id more than once: then all of its requests are there."""

    def question(found: Index) -> Graph:
        answered = _in_windows(found, stores, id_) or list(_in_files(found, stores, id_))
        if not answered:
            raise WrongUsage(
                f"no captured request of {use_case} has the id {id_!r}: neither as the inference id that the "
                "client sent nor as the server's event id. Capture may be seconds behind."
            )
        return _graph(found, id_, answered)

    return ask(
        instance, use_case, question, index, lambda found: look_for_predictions(found, stores.snapshots)
    )


def _graph(index: Index, id_: str, answered: list[_Answered]) -> Graph:
    periods, roots = periods_of(index), dict[int, Entry]()
    edges, nodes = list[tuple[str, str]](), list[Node]()
    for one in answered:
        node = _node(one)
        nodes.append(node)
        of_model = [period for period in periods if period.version == one.version]
        period = period_at(of_model, one.seconds + _WITHIN_A_SECOND)
        if period:
            roots[period.deployment.storage_id] = period.deployment
            edges.append((period.deployment.id, node.id))
        if one.window:
            roots[one.window.storage_id] = one.window
            edges.append((node.id, one.window.id))
    versions = list(dict.fromkeys(one.version for one in answered))
    subject = {
        "use_case": index.use_case,
        "kind": "prediction",
        "prediction": id_,
        "model_version": versions[-1],
    }
    found = graph_of(subject, behind(index, roots.values()))
    return Graph(subject, (*found.nodes, *nodes), (*found.edges, *edges))


def _node(one: _Answered) -> Node:
    return Node(
        id=f"{REQUEST}:{one.event_id}",
        asset=REQUEST,
        batch=one.window.batch if one.window else None,
        sha256=one.sha256,
        code_version="",
        time=shown_time(one.seconds),
        run_id="",
        facts=one.facts,
    )


def _in_windows(index: Index, stores: Stores, id_: str) -> list[_Answered]:
    """The requests that windows of captured traffic hold, each in the last version of its window."""
    windows = {one.batch: one for one in holders(index, stores.snapshots, prediction_kind(index), id_)}
    return [answered for one in windows.values() for answered in _in_window(index, stores, one, id_)]


def _in_window(index: Index, stores: Stores, window: Entry, id_: str) -> Iterator[_Answered]:
    import pyarrow.compute as pc

    from mlplatform.ml.traffic import EVENT_ID, INFERENCE_ID, MODEL, PREDICTION, TIME

    table = stores.snapshots.read_table(window.path)
    chosen = pc.or_kleene(pc.equal(table.column(INFERENCE_ID), id_), pc.equal(table.column(EVENT_ID), id_))
    rows = table.filter(chosen).to_pylist()
    lines = {one.event_id: one for one in _lines(index, stores, str(window.details["span"]), id_)}
    for event_id in dict.fromkeys(str(row[EVENT_ID]) for row in rows):
        own = [row for row in rows if row[EVENT_ID] == event_id]
        asked = [
            {k: v for k, v in row.items() if k not in (INFERENCE_ID, EVENT_ID, TIME, MODEL)} for row in own
        ]
        line, first = lines.get(event_id), own[0]
        facts = {
            "event_id": event_id,
            "inference_id": first[INFERENCE_ID],
            "model_version": first[MODEL],
            "snapshot": window.path,
            **(line.facts if line else {}),
            "rows": [{ROW_ID: row[ROW_ID], PREDICTION: row[PREDICTION], **row} for row in asked],
        }
        sha256 = line.sha256 if line else digest(asked)
        yield _Answered(event_id, str(first[TIME]), str(first[MODEL]), sha256, facts, window)


def _in_files(index: Index, stores: Stores, id_: str) -> Iterator[_Answered]:
    """The requests in captured lines that no window holds yet, newest span first."""
    judged: dict[str, dict[str, int]] = {}
    for one in index.of_asset("captured"):
        judged.setdefault(str(one.details["span"]), {}).update(one.details["files"])
    window = "day" if judged and all("T" not in span for span in judged) else "hour"
    endpoint = endpoint_name(index.use_case)
    for span in stores.traffic.spans(endpoint, window):
        if stores.traffic.files(endpoint, span) != judged.get(span):
            yield from _lines(index, stores, span, id_)


def _lines(index: Index, stores: Stores, span: str, id_: str) -> Iterator[_Answered]:
    """The exchanges of a span with this id, from the lines as they were captured."""
    texts = {
        json.dumps(id_, ensure_ascii=ascii_).encode("utf-8", "surrogatepass") for ascii_ in (True, False)
    }
    seen = set[str]()
    for place, version, line in stores.traffic.find(endpoint_name(index.use_case), span, sorted(texts)):
        try:
            exchange = next(exchanges([line]))
        except ValueError:
            continue
        if id_ not in (exchange.inference_id, exchange.event_id) or exchange.event_id in seen:
            continue
        seen.add(exchange.event_id)
        sha256 = hashlib.sha256(line).hexdigest()
        yield _Answered(exchange.event_id, exchange.time, version, sha256, _facts(exchange, version, place))


def _facts(exchange: Exchange, version: str, place: str) -> dict[str, Any]:
    return {
        "event_id": exchange.event_id,
        "inference_id": exchange.inference_id,
        "model_version": version,
        "place": place,
        "request": _shown(exchange.request),
        "answer": _shown(exchange.answer),
    }


def _shown(message: Message) -> str:
    return message.body.decode("utf-8", "backslashreplace")
