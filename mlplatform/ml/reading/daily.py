"""A dated file as one piece for each of its days: the header and that day's lines, byte for byte.

The pieces are files like any other, so that whatever lands one file a day and whatever lands all days at once
end up with the same batches. Nothing is left out: a row that belongs to no day refuses the file as a whole.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import PLAIN, FileFormat

_BOMS = {
    "utf-8": (codecs.BOM_UTF8,),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-16-le": (codecs.BOM_UTF16_LE,),
    "utf-16-be": (codecs.BOM_UTF16_BE,),
}
_CODECS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_OTHER_KINDS = {
    b"PK\x03\x04": "an Excel workbook or zip archive",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"{": "a file of JSON lines",
}
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
Lines = list[tuple[int, int]]


@dataclass
class Day:
    """One day's part of a file: its bytes, and the lines of the file that they are, header not counted.

    `lines` are ranges of 1-based line numbers, both ends included, in the order of the file.
    """

    content: bytearray
    lines: Lines = field(default_factory=list)

    def take(self, row: bytes, first: int, last: int) -> None:
        """One more row, which stands in the lines `first` to `last`."""
        self.content += row
        if self.lines and self.lines[-1][1] == first - 1:
            first = self.lines.pop()[0]
        self.lines.append((first, last))

    @property
    def lines_text(self) -> str:
        """The lines as text, such as "2-20,45"."""
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in self.lines)


def split_by_day(content: bytes, name: str, column: str, file_format: FileFormat = PLAIN) -> dict[str, Day]:
    """The days of a CSV file by ISO name, in the order in which they first occur.

    `column` says when a row happened, spelled as `file_format` says; a time with a zone counts in UTC. Blank
    lines are no rows. `name` is the file's, for messages. Raises UnreadableFile, naming line and value, for
    a row without a readable date, for broken rows, and for what is no CSV text in the declared encoding.
    """
    mark, encoding, text = _decoded(content, name, file_format.encoding)
    rows = _rows(text, name, file_format.delimiter)
    header = next(rows, None)
    if header is None:
        raise UnreadableFile(f"{name} is empty. Land a CSV file with a header line and rows.")
    at = _position(header.values, column, name, file_format)
    first_line = header.text
    if not first_line.endswith(("\n", "\r")):
        raise UnreadableFile(f"{name} has a header and no rows. Land a file with at least one row.")
    start, day_of = mark + first_line.encode(encoding), _DayOf(name, column, file_format)
    days: dict[str, Day] = {}
    for row in rows:
        day = day_of(row.values[at], row.first)
        if day not in days:
            days[day] = Day(bytearray(start))
        days[day].take(row.text.encode(encoding), row.first, row.last)
    if not days:
        raise UnreadableFile(f"{name} has a header and no rows. Land a file with at least one row.")
    return days


@dataclass(frozen=True)
class _Row:
    """A row's values, the text that it is in the file, and its first and last line there."""

    values: list[str]
    text: str
    first: int
    last: int


def _decoded(content: bytes, name: str, encoding: str) -> tuple[bytes, str, str]:
    """The byte order mark, the encoding behind it, and the text, which encodes to the same bytes again."""
    for magic, kind in _OTHER_KINDS.items():
        if content.startswith(magic):
            raise UnreadableFile(
                f"{name} is {kind}, and only CSV text can be split by day. "
                "Save it as CSV, or land one file for each day."
            )
    mark = next((mark for mark in _BOMS.get(encoding, ()) if content.startswith(mark)), b"")
    encoding, body = _CODECS.get(mark, encoding), content[len(mark) :]
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(
            f"{name}, line {line}: byte 0x{body[error.start]:02x} is not {encoding}. "
            f"Save the file as {encoding}, or declare its encoding: file=FileFormat(encoding=...)."
        ) from None
    if text.encode(encoding) != body:
        raise UnreadableFile(
            f"{name} cannot be split by day: {encoding} has several spellings for the same text here. "
            "Save the file as UTF-8."
        )
    return mark, encoding, text


def _rows(text: str, name: str, delimiter: str) -> Iterator[_Row]:
    """The rows with their own text, line ends included; a quoted value may go over several lines."""
    lines = io.StringIO(text, newline="").readlines()
    rows, done, columns = csv.reader(lines, delimiter=delimiter, strict=True), 0, 0
    while True:
        try:
            values = next(rows, None)
        except csv.Error as error:
            raise UnreadableFile(
                f"{name}, line {done + 1}: a quoted value does not end where it should ({error}). "
                'Close the quote, or double a quote that belongs to the value ("").'
            ) from None
        if values is None:
            return
        first, last = done + 1, rows.line_num
        done = last
        if not values:
            if not columns:
                raise UnreadableFile(
                    f"{name}, line 1: the line is blank, but it must name the columns. Delete it."
                )
            continue
        columns = columns or len(values)
        if len(values) != columns:
            raise UnreadableFile(
                f"{name}, line {first}: {len(values)} values where the header names {columns} columns "
                f"({delimiter.join(values)[:60]!r}). Mend that line."
            )
        yield _Row(values, "".join(lines[first - 1 : last]), first, last)


def _position(header: list[str], column: str, name: str, file_format: FileFormat) -> int:
    names = [one.strip() for one in header] if file_format.strip_blanks else header
    if column in names:
        return names.index(column)
    raise UnreadableFile(
        f"{name}, line 1: there is no column {column!r}, which says when a row happened; the file has: "
        f"{', '.join(names)[:200]}. Check the delimiter, or rename the column."
    )


class _DayOf:
    """From a date as the file spells it to its ISO day; each spelling is read once."""

    def __init__(self, name: str, column: str, file_format: FileFormat) -> None:
        self._name, self._column, self._format = name, column, file_format
        self._known: dict[str, str] = {}
        self._read: Callable[[str], datetime] = self._iso if file_format.dates is None else self._declared

    def __call__(self, text: str, line: int) -> str:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._day(text, line)
        return known

    def _day(self, given: str, line: int) -> str:
        text = given.strip() if self._format.strip_blanks else given
        if not text or text in self._format.missing:
            raise self._refusal(line, "there is no date")
        try:
            time = self._read(text)
            return (time.astimezone(UTC) if time.tzinfo else time).date().isoformat()
        except (ValueError, OverflowError):
            spelled = self._format.dates or "ISO, such as 2015-01-31"
            raise self._refusal(line, f"{given!r} is no date (declared: {spelled})") from None

    def _refusal(self, line: int, what: str) -> UnreadableFile:
        return UnreadableFile(
            f"{self._name}, line {line}, column {self._column!r}: {what}, so the row belongs to no day. "
            "Nothing has landed; mend that line and land the file again."
        )

    def _iso(self, text: str) -> datetime:
        if not _ISO.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text)

    def _declared(self, text: str) -> datetime:
        return datetime.strptime(text, self._format.dates or "")
