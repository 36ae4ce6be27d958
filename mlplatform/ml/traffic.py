"""Captured traffic as a table: one line per answered row, the request as text beside the prediction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.capture import MODEL_VERSION, Exchange, exchanges
from mlplatform.ml.contracts.row_rules import RowRules
from mlplatform.ml.errors import Case, MLPlatformError
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.targets import Prediction
from mlplatform.ml.windows import UNKNOWN_MODEL, model_named
from mlplatform.ml.wire import classes_of, predictions_of, rows_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

EVENT_ID, INFERENCE_ID, TIME, MODEL, PREDICTION = (
    "event_id",
    "inference_id",
    "time",
    "model_version",
    "prediction",
)
_OURS = (ROW_ID, EVENT_ID, INFERENCE_ID, TIME, MODEL, PREDICTION)
_SHOWN_CASES = 20
_EXCHANGES_PER_BLOCK = 1000
_MOST_REFUSED = 1000
# As our server writes it. Within a body every quote has a backslash before it, so it cannot be mistaken.
TRIAL = "mlplatform-trial"
"""The inference id of requests by which a deployment tries an endpoint: they are nobody's traffic."""
_VERSION = re.compile(rb'"customAttributes":\["model-version=([0-9a-f]{12})"\]')


@dataclass
class Captured:
    """What a window's lines hold. Rows in = `rows` + those of `unreadable` exchanges, nothing else is lost.

    `rows`: the table, with `row_id` = `<event id>:<n>`. `exchanges` were read; `repeated` stand in the files
    more than once and count once; `unreadable` lines hold no exchange, or one whose rows or predictions
    cannot be told; `cases` are the first of them, each with its place and reason.
    """

    rows: pa.Table
    exchanges: int = 0
    repeated: int = 0
    unreadable: int = 0
    cases: list[Case] = field(default_factory=list)


@dataclass(frozen=True)
class _Rows:
    """The answered rows of one exchange."""

    exchange: Exchange
    request: pa.Table
    predictions: Sequence[Prediction]


def version_in(line: bytes) -> str:
    """The version of the model that answered, `UNKNOWN_MODEL` where a captured line does not name one."""
    found = _VERSION.search(line)
    if found:
        return found[1].decode()
    try:
        attributes = json.loads(line)["eventMetadata"]["customAttributes"]
        named = [str(one) for one in attributes if str(one).startswith(MODEL_VERSION)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return UNKNOWN_MODEL
    return model_named(named[0].removeprefix(MODEL_VERSION)) if named else UNKNOWN_MODEL


def stored_column(name: str) -> str:
    """What a request's column is called in the table: as it is, unless that is the name of one of ours."""
    return f"request:{name}" if name in _OURS else name


def captured_rows(
    lines: Iterable[tuple[str, bytes]],
    columns: Sequence[str],
    *,
    classes: bool = False,
    answered_by: str | None = None,
) -> Captured:
    """Lines of one window as (place, line); `columns` are those of the contract that a request has.

    `answered_by` is the model version where it is known otherwise than from the lines themselves.
    Predictions become float64, or text where they are `classes` (which may be numbers too). A line that
    cannot be read is counted and shown, and the others are read all the same.
    """
    import pyarrow as pa

    captured, seen = Captured(_table([], columns, classes)), set[str]()
    blocks: list[pa.Table] = []
    waiting: list[_Rows] = []
    for place, line in lines:
        try:
            one = _read(line, columns, classes, answered_by)
        except (MLPlatformError, ValueError, KeyError, TypeError, RecursionError) as error:
            captured.unreadable += 1
            if len(captured.cases) < _SHOWN_CASES:
                captured.cases.append(Case(f"is not readable: {error}", None, place))
            continue
        if one.exchange.inference_id == TRIAL:
            continue
        if one.exchange.event_id in seen:
            captured.repeated += 1
            continue
        seen.add(one.exchange.event_id)
        waiting.append(one)
        if len(waiting) == _EXCHANGES_PER_BLOCK:
            blocks.append(_table(waiting, columns, classes))
            waiting = []
    captured.exchanges = len(seen)
    captured.rows = pa.concat_tables([*blocks, _table(waiting, columns, classes)])
    return captured


def typed_rows(captured: pa.Table, contract: Any, unseen: Sequence[str]) -> pd.DataFrame:
    """The captured rows in the contract's types, without those that break one of its row rules.

    A server refuses such rows, so there should be none; with more than a thousand of them this raises
    BadRequest, since then something else is wrong.
    """
    import pandas as pd

    rules = RowRules(contract, unseen)
    asked = _as_requested(captured, rules)
    good, refused = list[Any](), 0
    waiting = [asked]
    while waiting:
        piece = waiting.pop()
        try:
            good.append(rules.judged(piece))
        except BadRequest:
            refused += piece.num_rows == 1
            if refused > _MOST_REFUSED:
                raise
            half = piece.num_rows // 2
            waiting += [piece.slice(half), piece.slice(0, half)] if half else []
    return pd.concat(good, ignore_index=True) if good else pd.DataFrame(columns=list(rules.columns))


def _as_requested(captured: pa.Table, rules: RowRules) -> pa.Table:
    """Under the contract's names; a column that may be left out, and always was, is left out."""

    def is_there(name: str) -> bool:
        stored = stored_column(name)
        if rules.schema.columns[name].required:
            return True
        return stored in captured.column_names and captured.column(stored).null_count < captured.num_rows

    names = [name for name in rules.columns if is_there(name)]
    return captured.select([stored_column(name) for name in names]).rename_columns(names)


def _read(line: bytes, columns: Sequence[str], classes: bool, answered_by: str | None) -> _Rows:
    exchange = next(exchanges([line if line.endswith(b"\n") else line + b"\n"]))
    if answered_by:
        exchange = replace(exchange, model_version=answered_by)
    if model_named(exchange.model_version) == UNKNOWN_MODEL:
        raise ValueError("it names no model version")
    request = rows_of(exchange.request.body, exchange.request.content_type, columns)
    predictions: Sequence[Prediction] = (classes_of if classes else predictions_of)(exchange.answer)
    if len(predictions) != request.num_rows:
        raise ValueError(f"{request.num_rows} rows were requested and {len(predictions)} answered")
    return _Rows(exchange, _with_columns(request, columns), predictions)


def _table(block: list[_Rows], columns: Sequence[str], classes: bool) -> pa.Table:
    import pyarrow as pa

    def of_exchange(get: str) -> list[str | None]:
        return [getattr(one.exchange, get) for one in block for _ in one.predictions]

    ids = [f"{one.exchange.event_id}:{n}" for one in block for n in range(1, len(one.predictions) + 1)]
    made = {
        ROW_ID: ids,
        INFERENCE_ID: of_exchange("inference_id"),
        EVENT_ID: of_exchange("event_id"),
        TIME: of_exchange("time"),
        MODEL: of_exchange("model_version"),
    }
    columns_of_ours = [pa.array(values, pa.string()) for values in made.values()]
    asked = [one.request for one in block] or [_with_columns(pa.table({}), columns)]
    request = pa.concat_tables(asked).combine_chunks()
    kind = pa.string() if classes else pa.float64()
    predictions = pa.array([value for one in block for value in one.predictions], kind)
    return pa.table(
        [*columns_of_ours, *request.columns, predictions],
        names=[*made, *map(stored_column, columns), PREDICTION],
    )


def _with_columns(request: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The request with exactly these columns, all text; nulls where the contract lets one be left out."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in columns])
    if request.schema.equals(schema):
        return request
    there = set(request.column_names)
    nulls = pa.nulls(request.num_rows, pa.string())
    found = [request.column(name).cast(pa.string()) if name in there else nulls for name in columns]
    return pa.table(found, schema=schema)
