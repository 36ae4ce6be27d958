"""From the spelling that a use case's files have to the one plain spelling that `coercion` reads.

What is not written as the file format says becomes unreadable, never another value: its row is quarantined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplatform.ml.contracts.coercion import kind_of
from mlplatform.ml.file_format import FileFormat
from mlplatform.ml.reading.landed_columns import ROW_ID, iso

if TYPE_CHECKING:
    import pyarrow as pa

_UNREADABLE = "?"  # in front of a value: no number and no date begins so


def plain_spelling(landed: pa.Table, schema: Any, file_format: FileFormat) -> pa.Table:
    """The same columns, rows and `row_id`, with values as `coerce` reads them.

    `landed` has text columns, `schema` is the pandera schema of the contract; what people are shown is the
    value in `landed`. Blanks around values go and words for missing become null in every column, decimal
    commas become points in numbers, dates become ISO in datetimes. A value that is not written in the
    declared way gets a mark that makes it unreadable: a number with a point beside decimal commas, a date in
    another format or one that does not exist. The default format gives back the table itself.
    """
    for name in landed.column_names:
        if name == ROW_ID:
            continue
        kind = kind_of(schema.columns[name].dtype) if name in schema.columns else "string"
        before = landed.column(name)
        after = _plain_column(before, kind, file_format)
        if after is not before:
            landed = landed.set_column(landed.column_names.index(name), name, after)
    return landed


def _plain_column(text: pa.ChunkedArray, kind: str, file_format: FileFormat) -> pa.ChunkedArray:
    if file_format.strip_blanks:
        text = _without_blanks(text)
    if file_format.missing:
        text = _without_words(text, file_format.missing)
    if file_format.decimal == "," and kind in ("int", "float"):
        text = _with_points(text)
    if file_format.dates is not None and kind == "datetime":
        text = _as_iso(text, file_format.dates)
    return text


def _without_blanks(text: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _without_words(text: pa.ChunkedArray, words: tuple[str, ...]) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    is_word = pc.is_in(text, value_set=pa.array(words, pa.string()))
    return pc.if_else(is_word, pa.scalar(None, pa.string()), text)


def _with_points(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """1,5 becomes 1.5; 1.5 and 1.234,5 become unreadable, for a point may part thousands."""
    import pyarrow.compute as pc

    marked = pc.binary_join_element_wise(_UNREADABLE, text, "")
    return pc.if_else(pc.match_substring(text, "."), marked, pc.replace_substring(text, ",", "."))


def _as_iso(text: pa.ChunkedArray, dates: str) -> pa.ChunkedArray:
    """Dates in the format `dates` become ISO, in UTC where they have a zone; others become unreadable."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    # pandas also takes "now" and "today", and the digits of other scripts.
    possible = pc.match_substring_regex(text, "^[[:ascii:]]*[0-9][[:ascii:]]*$")
    given = pc.if_else(possible, text, pa.scalar(None, pa.string())).to_pandas()
    times = pd.to_datetime(given, format=dates, exact=True, errors="coerce", utc="%z" in dates)
    found = pa.Array.from_pandas(times.dt.tz_localize(None))
    if "%z" in dates:
        found = found.cast(pa.timestamp(found.type.unit, "UTC"))
    return pc.coalesce(iso(found), pc.binary_join_element_wise(_UNREADABLE, text, ""))
