"""How a text file encodes and separates its columns, judged by its bytes."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, cast

Delimiter = Literal[",", ";", "\t", "|"]

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DELIMITERS: tuple[Delimiter, ...] = (",", ";", "\t", "|")
_SAMPLED_ROWS = 500


def is_delimited(path: Path) -> bool:
    """False for Parquet and JSON lines, gzipped or not: they say themselves where a column ends."""
    with _bytes_of(path) as file:
        start = file.read(4096)
    return not start.startswith(_PARQUET) and start.removeprefix(codecs.BOM_UTF8).lstrip()[:1] != b"{"


def encoding_of(path: Path) -> str:
    """UTF-8 where the whole file is, else what its byte order mark says, else Windows' Western encoding.

    Latin-1 is a part of the latter. A file that is neither is refused when it is read, with the line.
    """
    with _bytes_of(path) as file:
        start = file.read(4)
        for mark, name in _BOMS.items():
            if start.startswith(mark):
                return name
        return "utf-8" if _is_utf8(file) else "cp1252"


def delimiter_of(path: Path, encoding: str) -> Delimiter:
    """What splits the header and the first rows into the same number of columns, above one.

    A single column, which nothing splits, gets the comma. A ragged file gets what splits its header best, so
    that reading it names the broken line.
    """
    scores = {delimiter: _evenness(path, encoding, delimiter) for delimiter in _DELIMITERS}
    return max(_DELIMITERS, key=lambda one: scores[one])


def _evenness(path: Path, encoding: str, delimiter: str) -> tuple[float, int]:
    """Share of sampled rows as wide as the header, 0 for one column; and that width."""
    with _text_of(path, encoding) as file:
        rows = [row for row in itertools.islice(_rows(file, delimiter), _SAMPLED_ROWS) if row]
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, width
    widths = Counter(len(row) for row in rows)
    return widths[width] / len(rows), width


def _rows(file: IO[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(file, delimiter=delimiter)
    except csv.Error:  # reading the file in earnest will say what is wrong
        return


def _bytes_of(path: Path) -> IO[bytes]:
    file = path.open("rb")
    zipped = file.read(2) == _GZIP
    file.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if zipped else file


def _text_of(path: Path, encoding: str) -> IO[str]:
    known = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(_bytes_of(path), encoding=known, errors="replace", newline="")


def _is_utf8(file: IO[bytes]) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in iter(lambda: file.read(1 << 20), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
