"""Every row of a dated file is in exactly one day's piece, byte for byte, or the file is refused."""

from __future__ import annotations

import codecs
import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.reading.daily import Day, split_by_day

AMERICAN = FileFormat(dates="%m/%d/%Y", strip_blanks=True)
HEADER = b"date,value\n"
SPELLINGS = [
    PLAIN,
    FileFormat(delimiter=";"),
    FileFormat(delimiter="\t", encoding="latin-1", dates="%d.%m.%Y"),
    FileFormat(delimiter="|", encoding="utf-16", dates="%m/%d/%Y"),
]


def split(content: bytes, file_format: FileFormat = PLAIN) -> dict[str, Day]:
    return split_by_day(content, "file.csv", "date", file_format)


def pieces(content: bytes, file_format: FileFormat = PLAIN) -> dict[str, bytes]:
    return {day: bytes(piece.content) for day, piece in split(content, file_format).items()}


def refused(content: bytes, file_format: FileFormat = PLAIN) -> str:
    with pytest.raises(UnreadableFile) as caught:
        split(content, file_format)
    return str(caught.value)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 4), st.text(st.characters(codec="latin-1", exclude_characters="\0")), st.booleans()
        ),
        min_size=1,
        max_size=20,
    ),
    file_format=st.sampled_from(SPELLINGS),
    line_end=st.sampled_from(["\n", "\r\n"]),
    ends=st.booleans(),
)
def test_no_row_is_lost_changed_or_moved(
    rows: list[tuple[int, str, bool]], file_format: FileFormat, line_end: str, ends: bool
) -> None:
    days = [date(2015, 1, 29) + timedelta(days=number) for number, _, _ in rows]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=file_format.delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["value", "date"])
    for day, (_, value, blank_line) in zip(days, rows, strict=True):
        writer.writerow([value, day.strftime(file_format.dates or "%Y-%m-%d")])
        out.write(line_end * blank_line)
    text = out.getvalue() if ends else out.getvalue().removesuffix(line_end)
    content = text.encode(file_format.encoding)

    found = split(content, file_format)

    lines = io.StringIO(text, newline="").readlines()
    assert list(found) == [day.isoformat() for day in dict.fromkeys(days)]
    for name, piece in found.items():
        taken = [number for first, last in piece.lines for number in range(first, last + 1)]
        verbatim = lines[0] + "".join(lines[number - 1] for number in taken)
        assert bytes(piece.content) == verbatim.encode(file_format.encoding)
        read = list(csv.reader(io.StringIO(verbatim, newline=""), delimiter=file_format.delimiter))
        expected = [value for day, (_, value, _) in zip(days, rows, strict=True) if day.isoformat() == name]
        assert [row[0] for row in read[1:] if row] == expected
        assert all(
            later[0] > earlier[1] for earlier, later in zip(piece.lines, piece.lines[1:], strict=False)
        )


def test_days_keep_the_order_of_the_file_and_line_ends() -> None:
    content = b"date,value\r\n1/2/2015,b\r\n1/1/2015,a\r\n1/2/2015,c"
    found = split(content, AMERICAN)
    assert {day: bytes(piece.content) for day, piece in found.items()} == {
        "2015-01-02": b"date,value\r\n1/2/2015,b\r\n1/2/2015,c",
        "2015-01-01": b"date,value\r\n1/1/2015,a\r\n",
    }
    assert [piece.lines_text for piece in found.values()] == ["2,4", "3"]


def test_a_value_over_several_lines_stays_whole() -> None:
    content = HEADER + b'2015-01-01,"a\n2015-01-09,""b"""\n\n2015-01-01,c\n2015-01-02,d\n'
    found = split(content)
    assert bytes(found["2015-01-01"].content) == HEADER + b'2015-01-01,"a\n2015-01-09,""b"""\n2015-01-01,c\n'
    assert found["2015-01-01"].lines_text == "2-3,5"


def test_a_byte_order_mark_is_part_of_every_piece() -> None:
    rows = "date,value\n2015-01-01,ä\n2015-01-02,ö\n"
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        declared = FileFormat(encoding=encoding.removesuffix("-be"))
        found = pieces(mark + rows.encode(encoding), declared)
        assert found["2015-01-02"] == mark + "date,value\n2015-01-02,ö\n".encode(encoding)


def test_times_count_by_their_utc_day() -> None:
    content = HEADER + b"2015-01-01T23:30:00-02:00,a\n2015-01-01 23:30,b\n2015-01-02T00:00:00Z,c\n"
    assert list(pieces(content)) == ["2015-01-02", "2015-01-01"]
    zoned = FileFormat(dates="%d/%m/%Y %H:%M %z")
    assert list(pieces(HEADER + b"01/02/2015 00:30 +0100,a\n", zoned)) == ["2015-01-31"]


def test_blanks_are_stripped_only_where_declared() -> None:
    content = b" date ,value\n 1/2/2015 ,a\n"
    assert pieces(content, AMERICAN) == {"2015-01-02": content}
    assert "there is no column 'date'" in refused(content, FileFormat(dates="%m/%d/%Y"))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (b"", "there is no date"),
        (b"  ", "there is no date"),
        (b"NA", "there is no date"),
        (b"13/1/2015", "'13/1/2015' is no date (declared: %m/%d/%Y)"),
        (b"2/30/2015", "'2/30/2015' is no date"),
        (b"2015-01-02", "'2015-01-02' is no date"),
    ],
)
def test_a_row_that_belongs_to_no_day_refuses_the_file(value: bytes, complaint: str) -> None:
    declared = AMERICAN.model_copy(update={"missing": ("NA",)})
    message = refused(b'value,date\n"a\nb",1/1/2015\nc,' + value + b"\n", declared)
    assert message.startswith(f"file.csv, line 4, column 'date': {complaint}")
    assert "Nothing has landed" in message


@pytest.mark.parametrize("value", [b"1/2/2015", b"20150102", b"2015-W01-1", b"2015-13-01", b"2015-01-02x"])
def test_iso_is_meant_where_nothing_is_declared(value: bytes) -> None:
    assert "is no date (declared: ISO" in refused(HEADER + value + b",a\n")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "file.csv is empty"),
        (b"date,value", "has a header and no rows"),
        (b"date,value\n\n\n", "has a header and no rows"),
        (b"\ndate,value\n", "line 1: the line is blank"),
        (b"day,value\n2015-01-01,a\n", "there is no column 'date'"),
        (b"date;value\n2015-01-01;a\n", "Check the delimiter"),
        (HEADER + b"2015-01-01,a,b\n", "line 2: 3 values where the header names 2 columns"),
        (HEADER + b"2015-01-01\n", "line 2: 1 values where the header names 2 columns"),
        (HEADER + b'2015-01-01,a\n2015-01-01,"b\n', "line 3: a quoted value does not end"),
        (HEADER + b"2015-01-01,\xfc\n", "line 2: byte 0xfc is not utf-8"),
        (b"PAR1xxxx", "a Parquet file, and only CSV text can be split by day"),
        (b"\x1f\x8bxxxx", "a gzip archive, and only CSV"),
        (b'{"date": "2015-01-01"}\n', "a file of JSON lines, and only CSV"),
    ],
)
def test_what_is_no_dated_csv_is_refused(content: bytes, complaint: str) -> None:
    assert complaint in refused(content)
