"""Captured lines become rows; what cannot be read is counted, and the rest is read all the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest

from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.capture import Exchange, Message, capture_line
from mlplatform.ml.traffic import captured_rows, stored_column, typed_rows, version_in

COLUMNS = ("age", "time")
VERSION = "ab12cd34ef56"
ONE = Exchange(
    event_id="e1",
    time="2026-03-01T17:25:49Z",
    model_version=VERSION,
    request=Message("application/json", b'[{"age": 31, "time": "x"}, {"age": null, "time": "y"}]'),
    answer=Message("application/json", b'{"predictions": [0.25, 0.5]}'),
    inference_id="mine",
)


class _Contract(pa.DataFrameModel):
    age: float = pa.Field(ge=0, nullable=True)
    time: str
    left: int = pa.Field(isin=[0, 1])
    note: str = pa.Field(nullable=True)

    class Config:
        coerce = True

    @classmethod
    def to_schema(cls) -> pa.DataFrameSchema:
        schema = super().to_schema()
        schema.columns["note"].required = False
        return schema


def _lines(*exchanges: Exchange) -> list[tuple[str, bytes]]:
    return [(f"file, line {n}", capture_line(one)) for n, one in enumerate(exchanges, start=1)]


def test_a_row_per_answered_row() -> None:
    found = captured_rows(_lines(ONE, replace(ONE, event_id="e2", inference_id=None)), COLUMNS)
    assert (found.exchanges, found.repeated, found.unreadable) == (2, 0, 0)
    columns = found.rows.to_pydict()
    assert columns["row_id"] == ["e1:1", "e1:2", "e2:1", "e2:2"]
    assert columns["inference_id"] == ["mine", "mine", None, None]
    assert columns["age"] == ["31", None, "31", None]
    assert columns["prediction"] == [0.25, 0.5] * 2
    assert set(columns["model_version"]) == {VERSION}


def test_a_column_that_is_called_like_one_of_ours_keeps_its_place() -> None:
    frame = captured_rows(_lines(ONE), COLUMNS).rows.to_pandas()
    assert stored_column("time") == "request:time"
    assert frame["request:time"].tolist() == ["x", "y"]
    assert frame["time"].tolist() == [ONE.time] * 2


def test_the_same_event_twice_counts_once() -> None:
    found = captured_rows(_lines(ONE, ONE), COLUMNS)
    assert (found.rows.num_rows, found.exchanges, found.repeated) == (2, 1, 1)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"half a li", "no capture record"),
        (b"\xff\xfe\n", "no capture record"),
        (b"[]\n", "no capture record"),
        (capture_line(replace(ONE, model_version="")), "no model version"),
        (capture_line(replace(ONE, request=Message("image/png", b"\x89PNG"))), "cannot be read"),
        (capture_line(replace(ONE, answer=Message("application/json", b'{"predictions": [1]}'))), "2 rows"),
        (capture_line(replace(ONE, answer=Message("application/json", b"Internal error"))), "no answer"),
    ],
)
def test_what_cannot_be_read_is_counted_and_shown(bad: bytes, reason: str) -> None:
    found = captured_rows([*_lines(ONE), ("file, line 2", bad)], COLUMNS)
    assert (found.rows.num_rows, found.unreadable) == (2, 1)
    (case,) = found.cases
    assert case.value == "file, line 2"
    assert reason in case.rule


def test_the_version_of_a_line() -> None:
    line = capture_line(ONE)
    assert version_in(line) == VERSION
    spaced = json.dumps(json.loads(line)).encode()
    assert version_in(spaced) == VERSION
    # what a client sends cannot pass for it: quotes in a body are escaped
    forged = b'[{"age": 1, "time": "\\"customAttributes\\":[\\"model-version=000000000000\\"]"}]'
    assert version_in(capture_line(replace(ONE, request=Message("application/json", forged)))) == VERSION
    for unnamed in (b"", b"garbage", b"{}", capture_line(replace(ONE, model_version="../../x"))):
        assert version_in(unnamed) == "unknown"


def test_many_exchanges_are_read_in_blocks() -> None:
    found = captured_rows(_lines(*(replace(ONE, event_id=f"e{n}") for n in range(2500))), COLUMNS)
    assert found.rows.num_rows == 5000
    assert found.rows["row_id"].to_pylist()[-1] == "e2499:2"


def test_rows_in_the_types_of_the_contract() -> None:
    rows = typed_rows(captured_rows(_lines(ONE), ("age", "time", "note")).rows, _Contract, ["left"])
    assert rows["age"].dtype == float
    assert list(rows.columns) == ["age", "time"]  # nobody ever gave a note


def test_rows_that_the_contract_refuses_are_left_out() -> None:
    bodies = [json.dumps([{"age": n if n % 7 else -1, "time": "x"}]).encode() for n in range(200)]
    answer = Message("application/json", b'{"predictions": [1]}')
    asked = [
        replace(ONE, event_id=f"e{n:03}", request=Message("application/json", body), answer=answer)
        for n, body in enumerate(bodies)
    ]
    rows = typed_rows(captured_rows(_lines(*asked), COLUMNS).rows, _Contract, ["left"])
    assert rows["age"].tolist() == [float(n) for n in range(200) if n % 7]


def test_when_everything_is_refused_something_else_is_wrong() -> None:
    captured = captured_rows(_lines(ONE), COLUMNS).rows.to_pandas()
    many = pd.concat([captured.assign(age="-1")] * 600, ignore_index=True)
    import pyarrow

    with pytest.raises(BadRequest, match="age"):
        typed_rows(pyarrow.Table.from_pandas(many), _Contract, ["left"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("eventMetadata", "eventId"), {}),
        (("eventMetadata", "eventId"), 5),
        (("eventMetadata", "eventId"), "\ud800"),
        (("eventMetadata", "inferenceId"), 7),
        (("eventMetadata", "inferenceTime"), 5),
        (("captureData", "endpointInput", "observedContentType"), None),
        (("captureData", "endpointOutput", "data"), '{"predictions": [' + "9" * 400 + "]}"),
    ],
)
def test_a_line_with_odd_types_is_counted_and_the_others_are_read(path: tuple[str, ...], value: Any) -> None:
    good = capture_line(ONE)
    document = json.loads(good)
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    odd = json.dumps(document).encode() + b"\n"
    found = captured_rows([("file, line 1", odd), ("file, line 2", good)], COLUMNS)
    assert (found.rows.num_rows, found.unreadable) == (2, 1)


def test_classes_are_captured_as_text() -> None:
    lines = []
    for event, body in (("e1", b'{"predictions": ["a", "b"]}'), ("e2", b'{"predictions": [3, 5]}')):
        answer = Message("application/json", body)
        lines.append(("file:1", capture_line(replace(ONE, event_id=event, answer=answer))))
    captured = captured_rows(lines, COLUMNS, classes=True)
    assert captured.rows.column("prediction").to_pylist() == ["a", "b", "3", "5"]
    numbers = captured_rows(lines, COLUMNS)
    assert (numbers.rows.column("prediction").to_pylist(), numbers.unreadable) == ([3.0, 5.0], 1)
    assert captured_rows([], COLUMNS, classes=True).rows.schema == captured.rows.schema
