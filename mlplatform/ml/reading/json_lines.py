"""JSON lines as they land: one object a line, its numbers in the digits they were written with."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NoReturn

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.reading.landed_columns import ROW_ID, is_storable, refuse_names

if TYPE_CHECKING:
    import pyarrow as pa

Pairs = tuple[tuple[str, Any], ...]  # how an object is read; a list stays a list
_BLOCK = 5_000  # lines; Python is slow with millions of values at once
_BOOLS = {True: "true", False: "false"}
_PLAIN_VALUES = "Each line must be an object of plain values"


def read_json_lines(content: bytes, name: str, decimal: str) -> pa.Table:
    """The rows as text columns, null and "" null; `content` is UTF-8.

    The columns are the keys of all lines; a line that lacks one has null there, for many programs leave out
    what is null. Blank lines are no rows. Numbers are spelled with `decimal` for a point.
    Raises UnreadableFile for a line that is no object of plain values or has a key twice.
    """
    import pyarrow as pa

    spelled = str if decimal == "." else partial(_with, decimal)
    decoder = json.JSONDecoder(
        object_pairs_hook=tuple, parse_float=spelled, parse_int=str, parse_constant=_refuse_constant
    )
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="\n")
    lines = ((line.rstrip(" \t\r\n"), number) for number, line in enumerate(text, start=1) if line.strip())
    blocks = []
    while block := list(islice(lines, _BLOCK)):
        blocks.append(_block(block, decoder, name))
    # Without the row ids, which hold the place of rows that have no key at all.
    table = pa.concat_tables(blocks, promote_options="default").drop_columns([ROW_ID])
    if not table.num_columns:
        raise UnreadableFile(f"{name} names no column. {_PLAIN_VALUES}, such as {{column: value, ...}}.")
    return table


def _with(decimal: str, number: str) -> str:
    return number.replace(".", decimal)


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no value in JSON; null stands for what is unknown")


def _block(lines: list[tuple[str, int]], decoder: json.JSONDecoder, name: str) -> pa.Table:
    import pyarrow as pa

    rows = [_row(line, decoder, f"{name}, line {number}") for line, number in lines]
    places = [f"{name}, line {number}" for _, number in lines]
    for key in dict.fromkeys(chain.from_iterable(rows)):
        refuse_names([key], next(place for row, place in zip(rows, places, strict=True) if key in row))
    escaped = any("\\u" in line for line, _ in lines)
    columns = {
        key: _column(key, [row.get(key) for row in rows], places, escaped)
        for key in dict.fromkeys(chain.from_iterable(rows))
    }
    return pa.table({**columns, ROW_ID: pa.nulls(len(rows), pa.string())})


def _row(line: str, decoder: json.JSONDecoder, place: str) -> dict[str, Any]:
    try:
        pairs = decoder.decode(line)
    except json.JSONDecodeError as error:
        raise UnreadableFile(
            f"{place}, character {error.colno}: not JSON ({error.msg}). Mend it there; each line must be a "
            "whole object."
        ) from None
    except (ValueError, RecursionError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UnreadableFile(f"{place}: {what}. {_PLAIN_VALUES}.") from None
    if type(pairs) is not tuple:
        kind = "a list" if isinstance(pairs, list) else "a single value"
        raise UnreadableFile(f"{place}: {kind}. {_PLAIN_VALUES}.")
    row = dict(pairs)
    if len(row) < len(pairs):
        key = _first_double(pairs)
        raise UnreadableFile(f"{place}: the key {key!r} stands twice. Leave one of them out.")
    return row


def _first_double(pairs: Pairs) -> str:
    names = [key for key, _ in pairs]
    return next(key for at, key in enumerate(names) if key in names[:at])


def _column(key: str, values: list[Any], places: list[str], escaped: bool) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        texts = None if escaped else pa.array(values, pa.string())
    except pa.ArrowTypeError:  # not all are texts, numbers or null
        texts = None
    if texts is None:
        texts = pa.array(list(_texts(key, values, places)), pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _texts(key: str, values: list[Any], places: list[str]) -> Iterator[str | None]:
    for value, place in zip(values, places, strict=True):
        if value is None or isinstance(value, str):
            if value and not is_storable(value):
                what = "a zero character or half of a surrogate pair"
                raise UnreadableFile(f"{place}, column {key!r}: {what}. Write whole Unicode text.")
            yield value
        elif isinstance(value, bool):
            yield _BOOLS[value]
        else:
            kind = "a list" if isinstance(value, list) else "an object"
            raise UnreadableFile(f"{place}, column {key!r}: {kind}. {_PLAIN_VALUES}.")
