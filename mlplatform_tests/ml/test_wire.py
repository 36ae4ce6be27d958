import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.capture import Message
from mlplatform.ml.wire import accepted_type, answer_body, classes_of, predictions_of, rows_of

COLUMNS = ("key", "name", "share")
JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
THREE_TYPES = st.sampled_from([JSON, LINES, CSV])

texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), min_size=1, max_size=8
).filter(lambda text: text.strip())
tables = st.lists(
    st.fixed_dictionaries({name: st.none() | texts for name in COLUMNS}), min_size=1, max_size=6
)


def read(body: bytes | str, content_type: str = JSON, **more: Any) -> list[dict[str, str | None]]:
    raw = body if isinstance(body, bytes) else body.encode()
    return rows_of(raw, content_type, COLUMNS, **more).to_pylist()


def refused(body: bytes | str, content_type: str = JSON, **more: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read(body, content_type, **more)
    return caught.value


def written(rows: list[dict[str, str | None]], content_type: str) -> bytes:
    if content_type == JSON:
        return json.dumps(rows).encode()
    if content_type == LINES:
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


@given(tables, THREE_TYPES)
@settings(deadline=None)
def test_what_is_written_is_read_again(rows: list[dict[str, str | None]], content_type: str) -> None:
    assert read(written(rows, content_type), content_type) == rows


@given(st.binary(max_size=60) | texts.map(str.encode), THREE_TYPES)
@settings(deadline=None)
def test_any_bytes_are_rows_or_a_refusal_in_words(body: bytes, content_type: str) -> None:
    try:
        table = rows_of(body, content_type, COLUMNS)
    except BadRequest as refusal:
        assert refusal.status == 400 and str(refusal).endswith(".")
    else:
        assert table.num_rows > 0


ROW = '{"key": 1, "name": "x", "share": null}'
READ = {"key": "1", "name": "x", "share": None}


@pytest.mark.parametrize(
    ("body", "content_type", "rows"),
    [
        (ROW, JSON, 1),
        (f"[{ROW}, {ROW}]", "Application/JSON; charset=UTF-8", 2),
        (f'{{"instances": [{ROW}]}}', JSON, 1),
        (f"{ROW}\n\n{ROW}\r\n", LINES, 2),
        (ROW, "application/x-ndjson", 1),
        (ROW, "application/jsonl", 1),
        ("1,x,\r\n1,x,", CSV, 2),
        ("share,key,name\n,1,x\n", CSV, 1),
        ("key,name,share,target\n1,x,,9", "text/csv; header=present", 1),
        ("1,x,", "text/csv; header=absent", 1),
    ],
)
def test_every_form_gives_the_same_rows(body: str, content_type: str, rows: int) -> None:
    assert read(body, content_type) == [READ] * rows


def test_numbers_keep_the_digits_they_were_written_with() -> None:
    huge = "9" * 10_000
    [row] = read(f'{{"key": {huge}, "name": 0.10, "share": -1E5}}')
    assert row == {"key": huge, "name": "0.10", "share": "-1E5"}
    assert read('{"key": true, "name": false, "share": ""}') == [
        {"key": "true", "name": "false", "share": None}
    ]


def test_only_the_header_parameter_tells_a_row_of_names_from_a_header() -> None:
    assert read("key,name,share\n", "text/csv; header=absent") == [dict(zip(COLUMNS, COLUMNS, strict=True))]
    assert str(refused("key,name,share\n", CSV)) == "the request has no rows. Send at least one."
    assert refused("1,2,3", "text/csv; header=maybe").status == 415


def test_a_header_with_a_misspelled_name_is_still_one_and_further_names_stay_to_tell() -> None:
    assert read("key,nmae,share\n1,x,2", CSV) == [{"key": "1", "share": "2", "nmae": "x"}]


def test_further_keys_are_left_behind_only_where_nothing_is_missing() -> None:
    assert read('{"key": 1, "name": "x", "share": null, "target": 1}') == [READ]
    assert read('{"key": 1, "nmae": "x", "share": 2}') == [{"key": "1", "share": "2", "nmae": None}]


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"", JSON, "the request is empty. Send at least one row."),
        (b" \r\n ", CSV, "the request is empty. Send at least one row."),
        (b"[]", JSON, "the request has no rows. Send at least one."),
        (b'{"instances": []}', JSON, "the request has no rows. Send at least one."),
        (b"{}", JSON, "the request names no column."),
        (b"\xef\xbb\xbf" + ROW.encode(), JSON, "the request begins with a byte order mark."),
        (ROW.encode("utf-16"), JSON, "the request begins with a byte order mark."),
        (b"1,x,2\n1,\xff,2", CSV, "line 2: byte 0xff is not UTF-8."),
        (b"1,x,2\n1,\0,2", CSV, "line 2: a zero byte."),
        (b"[[1, 2], [3, 4]]", JSON, "row 1 is a list. Send an object that names the columns"),
        (b"17", JSON, "row 1 is a single value."),
        (b'{"key": 1,\n "name" 2}', JSON, "line 2, column 9: not JSON"),
        (ROW.encode() + b"\n{", LINES, "line 2, column 2: not JSON"),
        (b"[" * 100_000, JSON, "the request is nested too deeply."),
        (b'{"key":' * 100_000, LINES, "line 1 is nested too deeply."),
        (b'{"key": 1, "name": NaN, "share": 1}', JSON, "NaN is no value in JSON."),
        (b'{"key": -Infinity}', JSON, "-Infinity is no value in JSON."),
        (b'[{"key": 1, "name": [1], "share": 1}]', JSON, "row 1, column 'name': a list."),
        (b'{"key": 1, "name": {"a": 1}, "share": 1}', LINES, "line 1, column 'name': an object."),
        (b'{"key": 1, "key": 2, "name": 1, "share": 1}', JSON, "row 1: the key 'key' stands twice."),
        (b'{"instances": [], "instances": []}', JSON, "row 1: the key 'instances' stands twice."),
        (b'{"key": "\\ud800", "name": 1, "share": 1}', JSON, "row 1, column 'key': a zero character or half"),
        (b'{"key": "\\u0000", "name": 1, "share": 1}', LINES, "line 1, column 'key': a zero character"),
        (
            b"1,x",
            CSV,
            "line 1: 2 values where 3 columns are needed. Without a header line these are, in order",
        ),
        (b"key,name,share\n1,x,2\n1,x", CSV, "line 3: 2 values where the header names 3. Mend that line."),
        (b"key,name,key\n1,x,2", CSV, "line 1: the column 'key' stands twice."),
        (b'1,x,2\n1,"x,2', CSV, "line 2: a value does not end where it should"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(body: bytes, content_type: str, message: str) -> None:
    refusal = refused(body, content_type)
    assert str(refusal).startswith(message)
    assert refusal.status == 400


def test_a_key_that_only_some_rows_have_is_no_missing_value() -> None:
    refusal = refused('[{"key": 1, "name": 1, "share": 1}, {"key": 1, "nmae": 1, "share": 1}]')
    assert str(refusal) == "row 2 lacks the key 'name', which other rows have. Say null if it is unknown."
    assert [(case.row, case.column) for case in refusal.cases] == [(2, "name")]


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/octet-stream", f"{JSON}; charset=latin-1"]
)
def test_other_content_types_are_refused_with_those_that_are_read(content_type: str) -> None:
    refusal = refused(ROW, content_type)
    assert refusal.status == 415 and "text/csv" in str(refusal)


@pytest.mark.parametrize("content_type", [JSON, LINES, CSV])
def test_rows_are_limited(content_type: str) -> None:
    rows = [{name: "1" for name in COLUMNS}] * 3
    assert len(read(written(rows, content_type), content_type, most_rows=3)) == 3
    refusal = refused(written(rows, content_type), content_type, most_rows=2)
    assert (refusal.status, str(refusal)) == (413, "more than 2 rows in one request. Send several.")


def test_a_body_of_nothing_but_names_does_not_become_a_table_of_a_million_columns() -> None:
    body = json.dumps({f"column_{n}": 1 for n in range(5000)})
    assert rows_of(body.encode(), JSON, COLUMNS).num_columns <= 100
    header = ",".join(["key", "name", *(f"column_{n}" for n in range(5000))])
    assert rows_of(f"{header}\n{'1,' * 5001}1".encode(), CSV, COLUMNS).num_columns <= 102


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(finite, min_size=1, max_size=5), st.sampled_from(["", JSON, LINES, CSV, "application/x-ndjson"])
)
@settings(deadline=None)
def test_answers_keep_every_digit(predictions: list[float], accept: str) -> None:
    answer = answer_body(predictions, "abc", accept)
    assert answer.content_type == (accept or JSON)
    found = predictions_of(answer)
    assert found == predictions and [math.copysign(1, a) for a in found] == [
        math.copysign(1, b) for b in predictions
    ]


class_names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@given(
    st.lists(class_names, min_size=1, max_size=5) | st.lists(st.integers(-9, 9), min_size=1, max_size=5),
    st.sampled_from(["", JSON, LINES, CSV, "application/x-ndjson"]),
)
@settings(deadline=None)
def test_answers_keep_every_class(predictions: list[Any], accept: str) -> None:
    assert classes_of(answer_body(predictions, "abc", accept)) == [str(one) for one in predictions]


def test_classes_are_quoted_as_the_form_asks() -> None:
    names = ['a "b", c', "d"]
    assert json.loads(answer_body(names, "abc").body)["predictions"] == names
    assert answer_body(names, "abc", CSV).body == b'"a ""b"", c"\nd\n'
    assert answer_body(["d", "e"], "abc", LINES).body == b'{"prediction": "d"}\n{"prediction": "e"}\n'
    assert answer_body([3, 5], "abc", CSV).body == b"3\n5\n"
    odd = ["a\rb", "\r", "a\nb", "", " ", "'", '"']
    assert classes_of(answer_body(odd, "abc", CSV)) == odd
    with pytest.raises(ValueError, match="no answer"):
        classes_of(Message(JSON, b'{"predictions": [0.5]}'))
    with pytest.raises(ValueError, match="no answer"):
        predictions_of(answer_body(names, "abc"))


def test_the_forms_of_an_answer() -> None:
    assert json.loads(answer_body([0.5, 1.0], "abc").body) == {
        "model_version": "abc",
        "predictions": [0.5, 1.0],
    }
    assert answer_body([0.5, 1.0], "abc", CSV).body == b"0.5\n1.0\n"
    assert answer_body([0.5], "abc", LINES).body == b'{"prediction": 0.5}\n'


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("text/html, text/csv;q=0.5, application/json;q=0.9", JSON),
        ("text/csv, application/json", CSV),
        ("TEXT/CSV", CSV),
    ],
)
def test_the_client_chooses_the_form(accept: str, kind: str) -> None:
    assert accepted_type(accept) == kind


@pytest.mark.parametrize("accept", ["text/html", "text/csv;q=0", "application/json;q=x", "nonsense"])
def test_a_form_that_no_answer_has_is_refused(accept: str) -> None:
    with pytest.raises(BadRequest) as caught:
        answer_body([1.0], "abc", accept)
    assert caught.value.status == 406


@pytest.mark.parametrize(
    "message",
    [
        Message(JSON, b"{}"),
        Message(JSON, b'{"predictions": 1}'),
        Message(JSON, b'{"predictions": [true]}'),
        Message(JSON, b'{"predictions": ["1"]}'),
        Message(LINES, b"{}"),
        Message(CSV, b"x\n"),
        Message(CSV, b"\xff"),
        Message("text/plain", b"1"),
    ],
)
def test_no_answer_is_read_from_other_bodies(message: Message) -> None:
    with pytest.raises(ValueError, match="no answer"):
        predictions_of(message)
