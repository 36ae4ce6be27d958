import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.reading import ROW_ID, read_landed


def rows_of(content: bytes) -> list[dict[str, str | None]]:
    """The rows as read, without their ids."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "landed"
        path.write_bytes(content)
        return read_landed(path, "june.csv", "june").drop_columns([ROW_ID]).to_pylist()


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        rows_of(content)
    return str(caught.value)


def written(rows: list[list[str]], quoting: int) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=quoting).writerows(rows)
    return text.getvalue().encode()


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
names = st.text(st.sampled_from("abc ,\"\n'é"), min_size=1, max_size=4).filter(lambda name: name.strip())
headers = st.lists(names, min_size=2, max_size=4, unique=True).filter(lambda header: ROW_ID not in header)
tables = headers.flatmap(
    lambda header: st.tuples(
        st.just(header), st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), min_size=1)
    )
)


@given(tables, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(max_examples=100, deadline=None)
def test_what_was_written_comes_back_cell_by_cell(
    table: tuple[list[str], list[list[str]]], quoting: int
) -> None:
    header, rows = table
    back = rows_of(written([header, *rows], quoting))
    assert back == [dict(zip(header, (cell or None for cell in row), strict=True)) for row in rows]


@given(st.text(st.sampled_from('a,"\n\r '), max_size=24))
@example('1,"2\n3,4\n')
@example('1,"2\n3,"4"\n5,6\n')
def test_any_quoting_is_read_as_a_strict_reader_would_or_refused(text: str) -> None:
    content = f"x,y\n{text}".encode()
    try:
        back = [list(row.values()) for row in rows_of(content)]
    except UnreadableFile:
        return
    strict = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    assert back == [[cell or None for cell in row] for row in strict if row][1:]


@pytest.mark.parametrize(("delimiter", "kind"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
@pytest.mark.parametrize("quote", ["", '"'])
def test_other_delimiters_are_named(delimiter: str, kind: str, quote: str) -> None:
    line = delimiter.join(f"{quote}{name}{quote}" for name in ("a", "b,c"[:1], "d"))
    assert f"june.csv, line 1: columns are separated by {kind}" in refusal(
        f"{line}\n1,5{delimiter}2\n".encode()
    )


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n "])
def test_nothing_but_blanks_is_empty(content: bytes) -> None:
    assert refusal(content).startswith("june.csv is empty")


@pytest.mark.parametrize("content", [b"a,b", b"a,b\n", b"a,b\r\n\r\n", b'"a\nb",c\n'])
def test_a_header_alone_is_no_table(content: bytes) -> None:
    assert refusal(content).startswith("june.csv has a header and no rows")


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        (b"a,b\n1,2\n1,2,3\n", 3, "3 values where the header names 2"),
        (b"a,b\n1,2\n1\n3,4\n", 3, "1 values where the header names 2"),
        (b'a,b\n"x\ny\nz",2\n1,2,3\n', 5, "3 values"),
        (b'"a\na",b\n1,2\n1\n', 4, "1 values"),
        (b"a,b\n1,2\n\n\n1,2,3\n", 5, "3 values"),
        (b"a,b\r\n1,2\r\n1,2,3\r\n", 3, "3 values"),
        (b"a,b\n1,2\n3", 3, "1 values"),
        (b'a,b\n1, "x,y"\n', 2, "3 values"),
        (b"\xef\xbb\xbfa,b\n1\n", 2, "1 values"),
    ],
)
def test_ragged_rows_are_named_by_the_line_they_start_on(content: bytes, line: int, found: str) -> None:
    message = refusal(content)
    assert message.startswith(f"june.csv, line {line}: {found}")
    assert "Mend that line" in message


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'a,b\n1,"2\n3,4\n5,6\n', 2),
        (b'a,b\n1,2\n3,"4', 3),
        (b'"a,b\n1,2\n', 1),
        (b'a,b\n"x"y,2\n', 2),
        (b'a,b\n1,"2\n3,"4"\n5,6\n', 2),
        (b'a,b\n"x\ny",1\n2,"3\n', 4),
    ],
)
def test_a_quote_that_does_not_close_loses_no_rows_silently(content: bytes, line: int) -> None:
    assert refusal(content).startswith(f"june.csv, line {line}: a quoted value does not end")


def test_a_row_that_is_ragged_far_down_is_named() -> None:
    lines = ["a,b", *("1,2" for _ in range(400_000)), "1,2,3", *("1,2" for _ in range(9))]
    assert refusal("\n".join(lines).encode()).startswith("june.csv, line 400002: 3 values")


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfa,b\n1,2\n", b"a,b\r\n1,2\r\n", b"a,b\r1,2\r", b'"a","b"\n"1","2"', b"a,b\n1,2\n\n\n"],
)
def test_byte_order_marks_line_ends_and_quotes_do_not_count(content: bytes) -> None:
    assert rows_of(content) == [{"a": "1", "b": "2"}]


def test_quoted_commas_newlines_and_quotes_belong_to_the_value() -> None:
    assert rows_of(b'a,b\r\n"x\r\ny","p,q"\r\n"he said ""hi""",5" pipe\r\n') == [
        {"a": "x\r\ny", "b": "p,q"},
        {"a": 'he said "hi"', "b": '5" pipe'},
    ]


def test_only_a_blank_is_missing_and_nothing_is_guessed() -> None:
    values = ["", "NA", "nan", "NULL", " ", "007", "1e3", "true", "2020-01-01"]
    back = rows_of("\n".join(["a,b", *(f"{value},x" for value in values)]).encode())
    assert [row["a"] for row in back] == [None, *values[1:]]
    assert rows_of(b'a,b\n"",x\n') == [{"a": None, "b": "x"}]


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        ("a,b\n1,2\nKöln,2\n".encode("latin-1"), 3, "0xf6"),
        ("a,b\n1,2\n".encode("utf-16"), 1, "0xff"),
        (b'a,b\n"x\ny",2\n\xff,1\n', 4, "0xff"),
        (b"a,b\n\xed\xa0\x80,1\n", 2, "0xed"),
    ],
)
def test_other_encodings_are_refused_with_line_and_byte(content: bytes, line: int, byte: str) -> None:
    assert refusal(content).startswith(f"june.csv, line {line}: byte {byte} is not UTF-8")


def test_a_broken_byte_far_down_is_named() -> None:
    content = b"a,b\n" + b"x" * 79 + b",2\n" + (b"y" * 79 + b",2\n") * 300_000 + b"\xe4,2\n"
    assert refusal(content).startswith("june.csv, line 300003: byte 0xe4")


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a,b\n1,2\n1\0,2\n", 3), (b"a\0,b\n1,2\n", 1), ("a,b\n1,2\n".encode("utf-16-le"), 1)],
)
def test_zero_bytes_are_refused(content: bytes, line: int) -> None:
    assert refusal(content).startswith(f"june.csv, line {line}: a zero byte")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
        (b"PAR1", "Parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_other_formats_are_called_by_name(content: bytes, kind: str) -> None:
    assert kind in refusal(content + b"rest")


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("a,a", "column 'a' stands twice"),
        ("a,", "a column without a name"),
        ("a, ", "a column without a name"),
        ("row_id,b", "'row_id', which is reserved"),
    ],
)
def test_columns_need_names_of_their_own(header: str, complaint: str) -> None:
    message = refusal(f"{header}\n1,2\n".encode())
    assert message.startswith("june.csv, line 1:") and complaint in message


def test_the_header_must_be_the_first_line() -> None:
    assert refusal(b"\n\na,b\n1,2\n").startswith("june.csv, line 1: the line is blank")


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_may_be_longer_than_a_block(quote: str) -> None:
    long = "x" * 3_000_000
    assert rows_of(f"a,b\n1,2\n{quote}{long}{quote},3\n".encode())[1] == {"a": long, "b": "3"}


def test_a_header_may_be_long() -> None:
    name = "x" * 200_000
    assert rows_of(f"{name},b\n1,2\n".encode()) == [{name: "1", "b": "2"}]


def test_row_ids_count_rows_and_sort_as_they_landed(tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_bytes(b"a,b\n" + b"\n1,2\n" * 1_200)
    ids = read_landed(path, "june.csv", "june").column(ROW_ID).to_pylist()
    assert ids[0] == "june:000000001" and ids[-1] == "june:000001200"
    assert ids == sorted(ids) and len(set(ids)) == 1_200


def test_the_real_files_are_read_whole(real_data: Path) -> None:
    for file in real_data.glob("*.csv"):
        with file.open(newline="", encoding="utf-8") as opened:
            expected = [[cell or None for cell in row] for row in csv.reader(opened)][1:]
        assert [list(row.values())[:-1] for row in read_landed(file, file.name, "b").to_pylist()] == expected
