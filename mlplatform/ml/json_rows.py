"""Rows of a request that are JSON objects: one, a list of them, `{"instances": [...]}`, or one a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from mlplatform.ml.bad_request import BadRequest, refuse_too_many
from mlplatform.ml.errors import Case

Texts = dict[str, list[str | None]]
_ESCAPE = re.compile(r"\\u(0000|[dD][89a-fA-F])")  # may be a zero character or half of a surrogate pair
_SHOWN_CASES = 20
FURTHER = 100  # columns that nobody asked for, kept to tell a misspelled name; a body can hold a million


def json_texts(text: str, columns: Sequence[str], most_rows: int | None) -> Texts:
    """The texts of a JSON document, by column, each of length n. Raises BadRequest."""
    document = _parsed(text)
    rows = document if isinstance(document, list) else [document]
    if type(document) is dict and isinstance(document.get("instances"), list):
        rows = document["instances"]
    return _texts_of(((row, f"row {at}") for at, row in enumerate(rows, start=1)), text, columns, most_rows)


def json_lines_texts(text: str, columns: Sequence[str], most_rows: int | None) -> Texts:
    """The texts of JSON lines, by column, each of length n. Blank lines are no rows. Raises BadRequest."""
    lines = ((line, at) for at, line in enumerate(text.split("\n"), start=1) if line.strip())
    return _texts_of(((_parsed(line, at), f"line {at}") for line, at in lines), text, columns, most_rows)


class _Doubled(dict[str, Any]):
    """A JSON object in which a key stands twice."""

    key: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled, seen = _Doubled(found), set()
    for name, _ in pairs:
        if name in seen:
            doubled.key = name
        seen.add(name)
    return doubled


def _refuse_constant(name: str) -> None:
    raise BadRequest(f"{name} is no value in JSON. Say null for what is unknown.")


# Numbers stay as they are written: 0.10 is not 0.1 for a rule about text, and a thousand digits are no load.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_refuse_constant
)


def _parsed(text: str, line: int | None = None) -> Any:
    where = "the request" if line is None else f"line {line}"
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        at = f"line {line or error.lineno}, column {error.colno}"
        raise BadRequest(f"{at}: not JSON ({error.msg}). Mend it there.") from None
    except RecursionError:
        raise BadRequest(f"{where} is nested too deeply. A row is an object of plain values.") from None


def _texts_of(
    given: Iterable[tuple[Any, str]], text: str, columns: Sequence[str], most_rows: int | None
) -> Texts:
    """`given`: what each row is, and what it is called in messages."""
    escaped = _ESCAPE.search(text) is not None
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    for row, place in given:
        refuse_too_many(len(rows) + 1, most_rows)
        _refuse_no_object(row, place, len(rows) + 1)
        if escaped:
            _refuse_unstorable(row, place, len(rows) + 1)
        rows.append(row)
        places.append(place)
    try:
        return {name: _column(name, [row[name] for row in rows], places) for name in columns}
    except KeyError:
        return _some_columns(rows, places, columns)


def _refuse_no_object(row: Any, place: str, number: int) -> None:
    if not isinstance(row, dict):
        kind = "a list" if isinstance(row, list) else "a single value"
        raise BadRequest(
            f"{place} is {kind}. Send an object that names the columns, or text/csv for values in the "
            "contract's order."
        )
    if isinstance(row, _Doubled):
        case = Case("each key once", row.key, None, number)
        raise BadRequest(f"{place}: the key {row.key!r} stands twice. Send it once.", [case])


def _refuse_unstorable(row: dict[str, Any], place: str, number: int) -> None:
    for name, value in row.items():
        for one in (name, value):
            if isinstance(one, str) and ("\0" in one or not _is_unicode(one)):
                case = Case("is text", repr(name)[1:-1], None, number)
                what = "a zero character or half of a surrogate pair"
                raise BadRequest(f"{place}, column {name!r}: {what}. Send whole Unicode text.", [case])


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _some_columns(rows: list[dict[str, Any]], places: list[str], columns: Sequence[str]) -> Texts:
    """Where keys are missing: one that no row has is left for the contract to miss, beside the further keys.

    One that only some rows have is refused: a misspelled key must not pass for an unknown value.
    """
    named = dict.fromkeys(name for row in rows for name in row)
    found: Texts = {}
    for name in columns:
        lacking = [at for at, row in enumerate(rows) if name not in row]
        if lacking and name in named:
            raise BadRequest(
                f"{places[lacking[0]]} lacks the key {name!r}, which other rows have. "
                "Say null if it is unknown.",
                [Case("is given", name, None, at + 1) for at in lacking[:_SHOWN_CASES]],
            )
        if not lacking:
            found[name] = _column(name, [row[name] for row in rows], places)
    further = islice((name for name in named if name not in columns), FURTHER)
    return found | {name: [None] * len(rows) for name in further}


def _column(name: str, values: list[Any], places: list[str]) -> list[str | None]:
    texts: list[str | None] = []
    for at, value in enumerate(values):
        if isinstance(value, str):
            texts.append(value or None)
        elif value is None:
            texts.append(None)
        elif isinstance(value, bool):
            texts.append("true" if value else "false")
        else:
            kind = "a list" if isinstance(value, list) else "an object"
            case = Case("is a plain value", name, None, at + 1)
            raise BadRequest(f"{places[at]}, column {name!r}: {kind}. Send a plain value.", [case])
    return texts
