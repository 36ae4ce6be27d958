"""The format of a file that nobody has declared, told from the file."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import PLAIN
from mlplatform.ml.inference.dates import dates_of
from mlplatform.ml.inference.tables import describe, detect_format

HEADER = ["id", "city", "price", "bought on", "note"]
ROWS = [
    [str(number), ("Bern", "Zürich", "Genève")[number % 3], f"{number * 7.25:.2f}",
     f"2024-03-{1 + number % 28:02d}",
     f"said\n\"{number}\"; and, more" if number % 5 == 0 else ""]
    for number in range(1, 61)
]  # fmt: skip


def written(path: Path, *, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\n",
            rows: list[list[str]] | None = None) -> Path:  # fmt: skip
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows([HEADER, *(rows or ROWS)])
    content = text.getvalue().encode(encoding)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def changed(column: int, change: Any) -> list[list[str]]:
    return [[change(cell) if at == column else cell for at, cell in enumerate(row)] for row in ROWS]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_delimiter_encoding_and_gzip(tmp_path: Path, delimiter: str, encoding: str, name: str) -> None:
    path = written(tmp_path / name, delimiter=delimiter, encoding=encoding, newline="\r\n")

    table = describe(path)

    expected = {"delimiter": delimiter, "encoding": "cp1252" if encoding == "cp1252" else "utf-8"}
    assert table.file_format == PLAIN.model_copy(update=expected)
    assert any("cp1252" in remark for remark in table.remarks) == (encoding == "cp1252")
    assert list(table.columns) == HEADER
    assert table.rows == len(ROWS)
    assert table.columns["city"].labels == ("Zürich", "Genève", "Bern")
    assert [column.kind for column in table.columns.values()] == ["int", "str", "float", "datetime", "str"]


def test_bytes_that_are_no_letters_are_named_by_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,caf\xe9\n1,caf\x81\n")
    with pytest.raises(UnreadableFile, match="line 3"):
        detect_format(tmp_path / "a.csv")


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_files_that_say_themselves_where_columns_end(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    table = pa.table({name: [row[at] for row in ROWS] for at, name in enumerate(HEADER)})
    if kind == "parquet":
        pq.write_table(table, path)
    else:
        table.to_pandas().to_json(path, orient="records", lines=True)
    found = describe(path)
    assert found.file_format == PLAIN
    assert [column.kind for column in found.columns.values()] == ["int", "str", "float", "datetime", "str"]


def test_decimal_commas(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", delimiter=";", rows=changed(2, lambda cell: cell.replace(".", ",")))
    table = describe(path)
    assert table.file_format.decimal == ","
    assert (table.columns["price"].kind, table.columns["price"].high) == ("float", 435.0)


def test_thousands_are_no_fractions(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", rows=changed(2, lambda cell: f"{int(float(cell) * 1e4):,}"))
    table = describe(path)
    assert table.file_format.decimal == "."
    assert table.columns["price"].kind == "str"


@pytest.mark.parametrize("word", ["NA", "?", "-", "n/a", "NULL", "unknown"])
def test_a_word_for_nothing_among_numbers(tmp_path: Path, word: str) -> None:
    rows = [[*row[:2], word if at % 4 == 0 else row[2], *row[3:]] for at, row in enumerate(ROWS)]
    table = describe(written(tmp_path / "a.csv", rows=rows))
    assert table.file_format.missing == (word,)
    assert (table.columns["price"].kind, table.columns["price"].missing) == ("float", 15)
    assert any(repr(word) in remark and "price" in remark for remark in table.remarks)


def test_a_word_that_may_mean_something_among_texts_stays(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", rows=changed(1, lambda cell: "none" if cell == "Bern" else cell))
    assert detect_format(path).missing == ()


def test_na_among_texts_is_nothing_only_where_no_cell_is_blank(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", rows=changed(1, lambda cell: "NA" if cell == "Bern" else cell))
    assert detect_format(path).missing == ("NA",)
    rows = [["" if at == 1 and cell == "Zürich" else "NA" if cell == "Bern" else cell
             for at, cell in enumerate(row)] for row in ROWS]  # fmt: skip
    assert detect_format(written(tmp_path / "a.csv", rows=rows)).missing == ()


def test_blanks_around_values(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", rows=changed(1, lambda cell: cell + " " * (cell == "Bern")))
    table = describe(path)
    assert table.file_format.strip_blanks
    assert table.columns["city"].distinct == 3


@pytest.mark.parametrize(
    ("values", "expected", "doubt"),
    [
        (["2024-01-31", "2024-02-01"], None, ""),
        (["2024-01-31 10:00", "2024-02-01 11:30"], None, ""),
        (["1/31/2024", "2/1/2024"], "%m/%d/%Y", ""),
        (["31/1/2024", "1/2/2024"], "%d/%m/%Y", ""),
        (["31.1.2024", "1.2.2024"], "%d.%m.%Y", ""),
        (["31-01-24", "01-02-24"], "%d-%m-%y", ""),
        (["2024/01/31", "2024/02/01"], "%Y/%m/%d", ""),
        (["31-Jan-2024", "01-Feb-2024"], "%d-%b-%Y", ""),
        (["Jan 31, 2024 09:15", "Feb 1, 2024 10:15"], "%b %d, %Y %H:%M", ""),
        (["1/31/2024 10:15:59", "2/1/2024 00:00:00"], "%m/%d/%Y %H:%M:%S", ""),
        (["1/2/2024", "3/4/2024", "5/3/2024"], "%m/%d/%Y", "the month is taken to stand first, because"),
        (["5/1/2024", "1/2/2024", "2/3/2024"], "%d/%m/%Y", "the day is taken to stand first, because"),
        (["3/4/2024", "1/2/2024"], "%m/%d/%Y", "nothing shows it; the month"),
        (["3.4.2024", "1.2.2024"], "%d.%m.%Y", "nothing shows it; the day"),
    ],
)
def test_dates(values: list[str], expected: str | None, doubt: str) -> None:
    found = dates_of(values)
    assert found is not None
    assert found.format == expected
    assert doubt in found.doubt
    assert bool(doubt) == bool(found.doubt)


@pytest.mark.parametrize(
    "values", [["13/13/2024", "14/14/2024"], ["1.5", "2.5"], ["May", "June"], ["10-20-30-40"], []]
)
def test_what_is_no_date(values: list[str]) -> None:
    assert dates_of(values) is None


def test_zoned_dates_are_told_apart() -> None:
    found = dates_of(["2024-01-31T10:00:00Z", "2024-02-01T11:30:00+02:00"])
    assert found is not None and found.zoned


def test_the_time_column_decides_between_two_ways_of_writing_dates(tmp_path: Path) -> None:
    lines = [f"{d}/1/2024,{d}.1.2024,{d}.2.2024,{d}" for d in range(1, 29)]
    (tmp_path / "a.csv").write_text("\n".join(["a,b,c,d", *lines]))
    assert detect_format(tmp_path / "a.csv").dates == "%d.%m.%Y"
    table = describe(tmp_path / "a.csv", time="a")
    assert table.file_format.dates == "%d/%m/%Y"
    assert (table.columns["a"].kind, table.columns["b"].kind) == ("datetime", "str")
    assert any("b, c stays text" in remark for remark in table.remarks)


def test_one_slip_of_the_pen_does_not_make_a_text_of_numbers(tmp_path: Path) -> None:
    rows = [[*row[:2], "twelve" if at == 7 else row[2], *row[3:]] for at, row in enumerate(ROWS)]
    column = describe(written(tmp_path / "a.csv", rows=rows)).columns["price"]
    assert (column.kind, column.unreadable, column.odd) == ("float", 1, "twelve")


def test_few_labels_of_digits_and_words_are_labels(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "0,1\n" * 990 + "few,2\n" * 5 + "many,3\n" * 5)
    assert describe(tmp_path / "a.csv").columns["a"].labels == ("0", "few", "many")


def test_codes_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("zip,b\n" + "01067,1\n80331,2\n" * 10)
    assert describe(tmp_path / "a.csv").columns["zip"].kind == "str"


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "a.csv is empty"), (b"a,b\n", "no rows"), (b"a,b\n1,2\n1,2,3\n", "line 3")]
)
def test_what_is_no_table(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UnreadableFile, match=said):
        describe(tmp_path / "a.csv")


def test_an_archive_that_is_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFile, match="cannot be unpacked"):
        describe(path)
