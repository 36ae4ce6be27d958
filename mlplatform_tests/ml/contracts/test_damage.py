"""Damage as it happens to files in life ends in quarantine or a refusal, never in other or fewer values."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pandera.pandas as pan
import pytest

from mlplatform.defs.job_change.contracts import RawEnrollee
from mlplatform.defs.job_change.sample import generate
from mlplatform.ml.contracts import Validated, validate
from mlplatform.ml.errors import ContractBroken, UnreadableFile
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.reading import read_landed

Judge = Callable[..., Validated]
Lines = list[list[str]]
ROWS = 200


class Order(pan.DataFrameModel):
    """An order: everything in it that a spreadsheet program likes to rewrite."""

    order: int = pan.Field(ge=1, unique=True)
    article: str = pan.Field(str_matches=r"^[0-9]{5}$")
    weight: float
    ordered: pd.Timestamp
    note: str = pan.Field(nullable=True)

    class Config:
        coerce = True


HEADER = ["order", "article", "weight", "ordered", "note"]


def orders(rows: int = ROWS) -> Lines:
    """Good rows, with the header as the first line."""
    return [
        HEADER,
        *([str(123_456_789_000 + at), f"{at:05d}", f"{at}.5", f"2024-03-{at % 28 + 1:02d}", f"n{at}"]
          for at in range(rows)),
    ]  # fmt: skip


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Land lines of cells, or bytes, and judge them; all but two rows may be bad."""

    def landed(
        given: Lines | bytes, contract: type = Order, file_format: FileFormat = PLAIN, most: float = 1.0
    ) -> Validated:
        path = tmp_path / "landed"
        path.write_bytes(given if isinstance(given, bytes) else written(given, file_format.delimiter))
        table = read_landed(path, "june.csv", "june", file_format)
        judged = validate(
            table, contract, source_file="june.csv", max_quarantined_share=most, file_format=file_format
        )
        assert len(judged.rows) + len(judged.quarantine) == table.num_rows
        return judged

    return landed


def written(lines: Lines, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def set_aside(judged: Validated) -> list[tuple[int, str, str]]:
    """(row, column, value) of each quarantined row."""
    columns = ["row", "column", "value"]
    return list(judged.quarantine[columns].itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def enrollees() -> Lines:
    """Generated enrollees as lines of cells, header first."""
    return list(csv.reader(io.StringIO(generate(ROWS, seed=5).to_csv(index=False))))


def changed(lines: Lines, row: int, column: str, value: str) -> Lines:
    """The lines with one cell changed; `row` counts from 1."""
    lines = [list(line) for line in lines]
    lines[row][lines[0].index(column)] = value
    return lines


def test_what_is_not_damaged_passes(judge: Judge, enrollees: Lines) -> None:
    assert len(judge(enrollees, RawEnrollee, most=0.0).rows) == ROWS
    assert len(judge(orders(), most=0.0).rows) == ROWS


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("company_size", "Oct-49"),
        ("company_size", "10-Oct"),
        ("enrollee_id", "1.23457E+11"),
        ("enrollee_id", "5E+06"),
        ("enrollee_id", "########"),
        ("experience", "1.0"),
        ("city", "city_103.0"),
        ("city_development_index", "0,92"),
        ("city_development_index", "92%"),
        ("last_new_job", "01. Jan"),
        ("target", "#N/A"),
    ],
)
def test_cells_that_a_spreadsheet_rewrote_are_quarantined(
    judge: Judge, enrollees: Lines, column: str, value: str
) -> None:
    judged = judge(changed(enrollees, 7, column, value), RawEnrollee)
    assert set_aside(judged) == [(7, column, value)]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("order", "1.23457E+11"),
        ("order", "123,456,789,006"),
        ("article", "6"),
        ("article", "6.0"),
        ("ordered", "3/7/2024"),
        ("ordered", "45358"),
        ("ordered", "07-Mar-24"),
        ("ordered", "2024-02-30"),
        ("weight", "12,5"),
        ("weight", "May 6"),
        ("weight", "1.234.5"),
    ],
)
def test_rewritten_numbers_dates_and_codes_are_quarantined(judge: Judge, column: str, value: str) -> None:
    assert set_aside(judge(changed(orders(), 7, column, value))) == [(7, column, value)]


def test_a_file_saved_by_a_spreadsheet_breaks_the_batch(judge: Judge) -> None:
    ids = [[f"{float(line[0]):.5E}", *line[1:]] for line in orders()[1:]]
    with pytest.raises(ContractBroken, match=r"june\.csv: 200 of 200 rows break a rule.*'order'"):
        judge([HEADER, *ids], most=0.05)


def test_mixed_date_formats_are_quarantined_both_ways(judge: Judge) -> None:
    american = FileFormat(dates="%m/%d/%Y")
    lines = [
        HEADER,
        *([*one[:3], f"{int(one[3][5:7])}/{int(one[3][8:])}/2024", one[4]] for one in orders()[1:]),
    ]
    assert len(judge(lines, file_format=american, most=0.0).rows) == ROWS
    mixed = changed(changed(lines, 3, "ordered", "2024-03-04"), 9, "ordered", "13/3/2024")
    judged = judge(mixed, file_format=american)
    assert set_aside(judged) == [(3, "ordered", "2024-03-04"), (9, "ordered", "13/3/2024")]
    assert str(judged.rows["ordered"].iloc[0]) == "2024-03-01 00:00:00"


def test_a_point_among_decimal_commas_is_quarantined(judge: Judge) -> None:
    german = FileFormat(delimiter=";", decimal=",")
    lines = [HEADER, *([*one[:2], one[2].replace(".", ","), *one[3:]] for one in orders()[1:])]
    assert judge(lines, file_format=german).rows["weight"].tolist() == [at + 0.5 for at in range(ROWS)]
    for value in ("1.234,5", "1.234", "12.5"):
        judged = judge(changed(lines, 7, "weight", value), file_format=german)
        assert set_aside(judged) == [(7, "weight", value)]


def test_one_decimal_comma_in_a_thousand_rows(judge: Judge) -> None:
    lines = changed(orders(1000), 600, "weight", "12,5")
    assert set_aside(judge(lines)) == [(600, "weight", "12,5")]
    unquoted = written(lines).replace(b'"12,5"', b"12,5")
    with pytest.raises(UnreadableFile, match=r"june\.csv, line 601: 6 values where the header names 5"):
        judge(unquoted)


def test_a_cell_too_many_or_too_few_is_refused(judge: Judge, enrollees: Lines) -> None:
    for line in ([*enrollees[9][:3], "x", *enrollees[9][3:]], [*enrollees[9][:3], *enrollees[9][4:]]):
        with pytest.raises(UnreadableFile, match=rf"line 10: {len(line)} values where the header names 14"):
            judge([*enrollees[:9], line, *enrollees[10:]], RawEnrollee)


@pytest.mark.parametrize("at", range(13))
def test_cells_shifted_within_a_row_are_quarantined(judge: Judge, enrollees: Lines, at: int) -> None:
    given = enrollees[9]
    to_the_right = [*given[:at], "", *given[at:-1]]
    to_the_left = [*given[:at], *given[at + 1 :], ""]
    for line in (to_the_right, to_the_left):
        judged = judge([*enrollees[:9], line, *enrollees[10:]], RawEnrollee)
        assert judged.quarantine["row"].tolist() == [9]
        assert list(json.loads(judged.quarantine["landed"][0]).values()) == [cell or None for cell in line]


def test_a_file_that_was_cut_off_is_refused_or_loses_nothing_silently(judge: Judge) -> None:
    content = written(orders(30))
    start = content.rindex(b"\n", 0, -1) + 1
    last_value = content.rindex(b",") + 1
    for end in range(start + 1, last_value + 1):
        with pytest.raises(UnreadableFile, match=r"june\.csv, line 31: "):
            judge(content[:end])
    assert len(judge(content[:start]).rows) == 29
    # Nobody can tell these from a file without a line end.
    for end in range(last_value + 1, len(content) + 1):
        assert len(judge(content[:end]).rows) == 30


def test_a_file_that_ends_in_a_blank_cell_needs_a_line_end(judge: Judge) -> None:
    content = written(changed(orders(3), 3, "note", ""))
    assert judge(content).rows["note"].isna().tolist() == [False, False, True]
    with pytest.raises(UnreadableFile, match="line 4: the file ends without a line end and without the last"):
        judge(content.rstrip(b"\n"))
    with pytest.raises(UnreadableFile, match="line 4: the file ends without"):
        judge(content.rstrip(b"\n") + b'""')
    assert len(judge(written(orders(3)).rstrip(b"\n")).rows) == 3


def test_cut_off_archives_and_json_lines_are_refused(judge: Judge) -> None:
    lines = orders(30)
    rows = "\n".join(json.dumps(dict(zip(HEADER, line, strict=True))) for line in lines[1:]).encode()
    assert len(judge(rows).rows) == 30
    start = rows.rindex(b"\n") + 1
    for end in range(start + 1, len(rows)):
        with pytest.raises(UnreadableFile, match=r"june\.csv, line 30, character \d+: not JSON"):
            judge(rows[:end])
    packed = gzip.compress(written(lines))
    assert len(judge(packed).rows) == 30
    for end in range(2, len(packed), 7):
        with pytest.raises(UnreadableFile, match="gzip archive that cannot be unpacked"):
            judge(packed[:end])


@pytest.mark.parametrize("at", [2, 100, ROWS])
def test_a_header_in_the_middle_is_quarantined(judge: Judge, enrollees: Lines, at: int) -> None:
    for lines, contract in ((enrollees, RawEnrollee), (orders(), Order)):
        judged = judge([*lines[:at], lines[0], *lines[at:]], contract)
        assert judged.quarantine["row"].tolist() == [at]
        assert len(judged.rows) == ROWS


def test_a_missing_key_is_quarantined_and_a_doubled_one_refused(judge: Judge, enrollees: Lines) -> None:
    judged = judge(changed(enrollees, 7, "enrollee_id", ""), RawEnrollee)
    assert judged.quarantine[["row", "column", "rule"]].to_dict("records") == [
        {"row": 7, "column": "enrollee_id", "rule": "is present"}
    ]
    doubled = changed(enrollees, 7, "enrollee_id", enrollees[12][0])
    with pytest.raises(ContractBroken, match="rows 7 and 12, column 'enrollee_id'"):
        judge(doubled, RawEnrollee)
    spelled = changed(enrollees, 7, "enrollee_id", f"{enrollees[12][0]}.0")
    with pytest.raises(ContractBroken, match="rows 7 and 12, column 'enrollee_id'"):
        judge(spelled, RawEnrollee)


def test_a_misread_encoding_is_refused(judge: Judge) -> None:
    lines = changed(orders(), 7, "note", "Köln")
    with pytest.raises(UnreadableFile, match="line 8: byte 0xf6 is not UTF-8"):
        judge(written(lines).decode().encode("cp1252"))
    with pytest.raises(UnreadableFile, match="is UTF-8, but cp1252 is declared"):
        judge(lines, file_format=FileFormat(encoding="cp1252"))


def test_real_files_of_teams_and_days_are_read_as_they_are(real_data: Path, tmp_path: Path) -> None:
    class Team(pan.DataFrameModel):
        date: pd.Timestamp
        department: str = pan.Field(isin=["sweing", "finishing"])
        wip: float = pan.Field(nullable=True)
        actual_productivity: float

        class Config:
            coerce = True

    file = tmp_path / "landed"
    lines = (real_data / "garments_worker_productivity.csv").read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace("finishing", "finishing ")  # as other copies have it
    file.write_text("".join(lines))
    spelling = FileFormat(dates="%m/%d/%Y", strip_blanks=True)
    table = read_landed(file, "garments.csv", "b", spelling)
    assert table.column("department")[1].as_py() == "finishing "
    judged = validate(
        table, Team, source_file="garments.csv", max_quarantined_share=0.0, file_format=spelling
    )
    assert len(judged.rows) == 1197 and judged.rows["wip"].isna().sum() == 506
    assert judged.rows["date"].nunique() == 59
    assert str(judged.rows["date"].max()) == "2015-03-11 00:00:00"
