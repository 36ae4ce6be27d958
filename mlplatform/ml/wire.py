"""Bodies of requests and answers of an endpoint: JSON, JSON lines and CSV.

A request becomes a table of text, as a landed file does, so that one set of rules judges both: numbers keep
the digits they were written with, and nothing is guessed. Whatever cannot be read that way is a BadRequest.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mlplatform.ml.bad_request import BadRequest, refuse_too_many
from mlplatform.ml.capture import Message
from mlplatform.ml.errors import Case
from mlplatform.ml.json_rows import FURTHER, Texts, json_lines_texts, json_texts
from mlplatform.ml.targets import Prediction

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BadRequest",
    "accepted_type",
    "answer_body",
    "classes_of",
    "media_type",
    "predictions_of",
    "rows_of",
]
T = TypeVar("T")
JSON, CSV = "application/json", "text/csv"
JSON_LINES = ("application/jsonlines", "application/x-ndjson", "application/jsonl")
_KNOWN = (JSON, *JSON_LINES, CSV)
_ANY = {"*/*": JSON, "application/*": JSON, "text/*": CSV}


def media_type(header: str) -> tuple[str, dict[str, str]]:
    """The type in lower case and its parameters, of a header such as `text/csv; header=absent`."""
    kind, _, rest = header.partition(";")
    parts = (one.partition("=") for one in rest.split(";") if one.strip())
    return kind.strip().lower(), {
        name.strip().lower(): value.strip().strip('"').lower() for name, _, value in parts
    }


def rows_of(body: bytes, content_type: str, columns: Sequence[str], most_rows: int | None = None) -> pa.Table:
    """The n rows of a request, every column text, blank and null both null.

    `columns` are those that a request can have, in the contract's order. Others are left behind if all of
    these are there; if one is not, they stay in the table, so that a misspelled name can be told.
    CSV without a header line has all columns, in order. The first line is one if most of its cells are names
    of columns; `text/csv; header=present` or `header=absent` decides.
    Raises BadRequest; with status 413 for more than `most_rows` rows.
    """
    import pyarrow as pa

    kind, parameters = media_type(content_type)
    if kind not in _KNOWN or parameters.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        named = f"{content_type!r} cannot be read" if content_type else "the request has no Content-Type"
        raise BadRequest(f"{named}. Send rows in UTF-8 as one of: {', '.join(_KNOWN)}.", status=415)
    text = _decoded(body)
    if kind == CSV:
        texts = _csv_texts(text, columns, parameters.get("header"), most_rows)
    else:
        texts = (json_texts if kind == JSON else json_lines_texts)(text, columns, most_rows)
    if not texts:
        raise BadRequest("the request names no column. Send objects such as {column: value, ...}.")
    if not any(texts.values()):
        raise BadRequest("the request has no rows. Send at least one.")
    return pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()})


def _decoded(body: bytes) -> str:
    if not body.strip():
        raise BadRequest("the request is empty. Send at least one row.")
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise BadRequest("the request begins with a byte order mark. Send UTF-8 without one.")
    if b"\0" in body:
        raise BadRequest(f"line {_line_of(body, body.index(0))}: a zero byte. Send UTF-8 text.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"line {_line_of(body, error.start)}: byte 0x{body[error.start]:02x} is not UTF-8. Send UTF-8."
        ) from None


def _line_of(body: bytes, at: int) -> int:
    return body.count(b"\n", 0, at) + 1


def _csv_texts(text: str, columns: Sequence[str], header: str | None, most_rows: int | None) -> Texts:
    if header not in (None, "present", "absent"):
        raise BadRequest(f"header={header} means nothing. Say header=present or header=absent.", status=415)
    records = _records(text)
    line, first = next(records, (1, []))
    has_header = header == "present" or (header is None and _names_columns(first, columns))
    names = _checked_names(first, line) if has_header else list(columns)
    rows: list[list[str]] = []
    if not has_header and first:
        _refuse_ragged(first, names, line, has_header)
        rows.append(first)
    for line, row in records:
        refuse_too_many(len(rows) + 1, most_rows)
        _refuse_ragged(row, names, line, has_header)
        rows.append(row)
    places = {name: at for at, name in enumerate(names)}
    there = [name for name in columns if name in places]
    further = [name for name in names if name not in columns][:FURTHER] if len(there) < len(columns) else []
    return {name: [row[places[name]] or None for row in rows] for name in (*there, *further)}


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each row; blank lines are no rows."""
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadRequest(
                f"line {line}: a value does not end where it should ({error}). Close the quote, or double a "
                'quote that belongs to the value ("").'
            ) from None
        if row is None:
            return
        if row:
            yield line, row
        line = reader.line_num + 1


def _names_columns(cells: list[str], columns: Sequence[str]) -> bool:
    """Most cells of a header are names of columns even if one is misspelled or there are further ones."""
    return 2 * len(set(columns).intersection(cells)) > min(len(cells), len(columns))


def _checked_names(cells: list[str], line: int) -> list[str]:
    seen: set[str] = set()
    for name in cells:
        if name in seen:
            case = Case("each column once", name, None)
            raise BadRequest(f"line {line}: the column {name!r} stands twice. Send it once.", [case])
        seen.add(name)
    return cells


def _refuse_ragged(row: list[str], names: list[str], line: int, has_header: bool) -> None:
    if len(row) == len(names):
        return
    expected = f"the header names {len(names)}" if has_header else f"{len(names)} columns are needed"
    advice = (
        "Mend that line" if has_header else f"Without a header line these are, in order: {', '.join(names)}"
    )
    raise BadRequest(f"line {line}: {len(row)} values where {expected}. {advice}.")


def accepted_type(accept: str) -> str:
    """The content type to answer with; JSON where nothing or anything is asked for. BadRequest (406)."""
    asked: list[tuple[float, str]] = []
    for one in accept.split(",") if accept.strip() else ["*/*"]:
        kind, parameters = media_type(one)
        kind = _ANY.get(kind, kind)
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            weight = 0.0
        if kind in _KNOWN and weight > 0:
            asked.append((weight, kind))
    if not asked:
        raise BadRequest(f"no answer is {accept!r}. Accept one of: {', '.join(_KNOWN)}.", status=406)
    return max(asked, key=lambda one: one[0])[1]  # of equals the first


def answer_body(predictions: Sequence[Prediction], model_version: str, accept: str = "") -> Message:
    """The answer to n rows in the form that `accept` asks for: classes as they are, numbers with all digits.

    JSON is `{"model_version": ..., "predictions": [n predictions]}`, JSON lines have `{"prediction": ...}` a
    row, CSV one prediction a line. Raises BadRequest (406).
    """
    kind = accepted_type(accept)
    if kind == JSON:
        document = {"model_version": model_version, "predictions": list(predictions)}
        return Message(JSON, json.dumps(document, allow_nan=False).encode())
    if any(isinstance(one, str) for one in predictions):
        return Message(kind, _texts_body(predictions, kind).encode())
    form = "%r\n" if kind == CSV else '{"prediction": %r}\n'
    return Message(kind, "".join(form % one for one in predictions).encode())


def _texts_body(predictions: Sequence[Prediction], kind: str) -> str:
    if kind != CSV:
        return "".join(json.dumps({"prediction": one}) + "\n" for one in predictions)
    lines = io.StringIO()
    # left to itself, the writer does not quote a carriage return, at which readers end a line
    returns = any("\r" in str(one) for one in predictions)
    quoted: Literal[0, 1] = csv.QUOTE_ALL if returns else csv.QUOTE_MINIMAL
    csv.writer(lines, lineterminator="\n", quoting=quoted).writerows([one] for one in predictions)
    return lines.getvalue()


def predictions_of(message: Message) -> list[float]:
    """The numbers in an answer that `answer_body` wrote. ValueError for any other body."""
    return _read(message, _number, float)


def classes_of(message: Message) -> list[str]:
    """The classes in an answer that `answer_body` wrote, each as text. ValueError for any other body."""
    return _read(message, _class, str)


def _read(message: Message, value: Callable[[Any], T], cell: Callable[[str], T]) -> list[T]:
    """`value` reads what stands in JSON, `cell` what stands in CSV."""
    kind, _ = media_type(message.content_type)
    try:
        text = message.body.decode()
        if kind == JSON:
            return [value(one) for one in json.loads(text)["predictions"]]
        if kind in JSON_LINES:
            return [value(json.loads(line)["prediction"]) for line in text.split("\n") if line]
        if kind == CSV:
            return [cell(one) for (one,) in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, csv.Error) as error:
        raise ValueError(f"no answer in {kind}: {error!r}") from None
    raise ValueError(f"no answer is {message.content_type!r}")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _class(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"{value!r} is no class")
    return str(value)
