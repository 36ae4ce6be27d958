"""Declared dialects, JSON lines, Parquet, gzip: what was written comes back, or is refused with its place."""

import csv
import gzip
import io
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlplatform.ml.errors import UnreadableFile
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.reading import ROW_ID, read_landed
from mlplatform_tests.ml.reading.test_reading import cells, headers, names

Rows = list[dict[str, str | None]]
Write = Any


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a file lands."""
    return tmp_path_factory.mktemp("landed") / "file"


def read(path: Path, content: bytes, file_format: FileFormat = PLAIN) -> Rows:
    """The rows as read, without their ids."""
    path.write_bytes(content)
    rows: Rows = read_landed(path, "june.data", "june", file_format).drop_columns([ROW_ID]).to_pylist()
    return rows


def refusal(path: Path, content: bytes, file_format: FileFormat = PLAIN) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(path, content, file_format)
    return str(caught.value)


def csv_bytes(rows: list[list[str]], delimiter: str, encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue().encode(encoding)


def json_lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=at % 2 == 0) + "\n" for at, row in enumerate(rows)).encode()


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


tables = headers.flatmap(
    lambda header: st.tuples(
        st.just(header), st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), min_size=1)
    )
)
texts_beyond = st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=8)


@given(tables, st.sampled_from(["csv", "json", "parquet"]), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_table_of_texts_comes_back_from_every_format(
    landed: Path, table: tuple[list[str], list[list[str]]], form: str, packed: bool
) -> None:
    header, rows = table
    expected = [dict(zip(header, (cell or None for cell in row), strict=True)) for row in rows]
    if form == "csv":
        content = csv_bytes([header, *rows], ",", "utf-8")
    elif form == "json":
        content = json_lines(expected)
    else:
        columns = {name: pa.array([row[name] for row in expected], pa.string()) for name in header}
        content = parquet(columns, row_group_size=2)
    assert read(landed, gzip.compress(content) if packed else content) == expected


@given(
    st.lists(st.tuples(texts_beyond, texts_beyond), min_size=1),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be"]),
)
@settings(max_examples=50, deadline=None)
def test_a_declared_dialect_comes_back_cell_by_cell(
    landed: Path, rows: list[tuple[str, str]], delimiter: str, encoding: str
) -> None:
    content = csv_bytes([["a", "b"], *map(list, rows)], delimiter, encoding)
    if encoding == "cp1252" and not content.isascii():
        assume(not is_utf8(content))
    back = read(landed, content, FileFormat(delimiter=delimiter, encoding=encoding))
    assert back == [{"a": a or None, "b": b or None} for a, b in rows]


def is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_a_wrong_dialect_is_refused_with_the_declaration_that_helps(landed: Path) -> None:
    message = refusal(landed, b"a;b\n1,5;2\n")
    assert message.startswith("june.data, line 1: columns are separated by semicolons, commas are expected")
    assert "file=FileFormat(delimiter=';')" in message
    assert "separated by commas, semicolons are expected" in refusal(
        landed, b"a,b\n1,2\n", FileFormat(delimiter=";")
    )
    assert "line 1: 'sep=;' is a note to a spreadsheet program" in refusal(landed, b"sep=;\na;b\n1;2\n")
    koeln = "a,b\n1,2\nKöln,2\n"
    assert 'FileFormat(encoding="cp1252")' in refusal(landed, koeln.encode("cp1252"))
    assert 'FileFormat(encoding="utf-16")' in refusal(landed, koeln.encode("utf-16"))


@pytest.mark.parametrize(
    ("content", "encoding", "complaint"),
    [
        ("a,b\nKöln,2\n".encode(), "latin-1", "is UTF-8, but iso8859-1 is declared"),
        (b"a,b\n1,2\n", "utf-16", "is UTF-8, but utf-16 is declared"),
        (b"\xef\xbb\xbfa,b\n1,2\n", "cp1252", "is UTF-8, but cp1252 is declared"),
        (b"a,b\n1,2\n\x80 5,2\n", "latin-1", "line 3: '\\x80' is no letter in iso8859-1"),
        (b"a,b\n1,2\n\x81,2\n", "cp1252", "line 3: byte 0x81 is not cp1252"),
        ("a,b\n1,2\nx".encode("utf-16-le")[:-1], "utf-16-le", "line 3: byte 0x78 is not utf-16-le"),
        (b"a,b\n1\0,2\n\xe4,1\n", "cp1252", "line 2: a zero character"),
    ],
)
def test_a_wrong_encoding_changes_no_letters_silently(
    landed: Path, content: bytes, encoding: str, complaint: str
) -> None:
    assert complaint in refusal(landed, content, FileFormat(encoding=encoding))


def test_lines_are_counted_inside_gzip_too(landed: Path) -> None:
    assert refusal(landed, gzip.compress(b"a,b\n1,2\n1\n")).startswith("june.data, line 3: 1 values")
    assert refusal(landed, gzip.compress(b'{"a": 1}\n{"a": \n')).startswith("june.data, line 2")


def test_damaged_archives_are_refused(landed: Path) -> None:
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    for broken in (packed[:-9], packed[:-1], packed[:20] + b"x" + packed[21:], packed + b"more"):
        assert "gzip archive that cannot be unpacked" in refusal(landed, broken)
    assert "in a gzip archive" in refusal(landed, gzip.compress(packed))
    assert "Excel workbook" in refusal(landed, gzip.compress(b"PK\x03\x04rest"))
    assert refusal(landed, gzip.compress(b"")).startswith("june.data is empty")


json_values = st.one_of(st.none(), st.booleans(), st.integers(), cells, st.floats(allow_nan=False))


def as_text(value: Any) -> str | None:
    """What a JSON value says, in its own digits."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


@given(st.lists(st.dictionaries(names, json_values, max_size=3), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_json_values_are_texts_and_all_keys_are_columns(landed: Path, rows: list[dict[str, Any]]) -> None:
    assume(any(rows))
    rows = [
        {key: None if value in (np.inf, -np.inf) else value for key, value in row.items()} for row in rows
    ]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    expected = [{key: as_text(row.get(key)) for key in keys} for row in rows]
    assert read(landed, json_lines(rows)) == expected


def test_json_numbers_keep_their_digits(landed: Path) -> None:
    numbers = ["1.10", "-0", "12345678901234567890123", "1E+5", "0.1000000000000000055511151231257827"]
    content = "\r\n\n".join(f'{{"a": {one}, "b": "x"}}' for one in numbers).encode()
    assert [row["a"] for row in read(landed, content)] == numbers
    german = read(landed, b'{"a": 1.5, "b": "1.5"}', FileFormat(decimal=","))
    assert german == [{"a": "1,5", "b": "1.5"}]


def test_json_lines_are_utf8_whatever_is_declared(landed: Path) -> None:
    latin = FileFormat(encoding="latin-1")
    assert read(landed, '{"a": "Köln"}\n'.encode(), latin) == [{"a": "Köln"}]
    assert read(landed, '\ufeff{"a": "Köln"}\n'.encode(), latin) == [{"a": "Köln"}]
    assert "line 2: byte 0xf6 is not UTF-8" in refusal(landed, '{"a": 1}\n{"a": "ö"}\n'.encode("latin-1"))


def test_json_blocks_with_other_keys_are_one_table(landed: Path) -> None:
    lines = ['{"a": 1}'] * 6_000 + ["{}"] * 6_000 + ['{"b": true, "a": 2}']
    rows = read(landed, "\n".join(lines).encode())
    assert len(rows) == 12_001
    assert rows[0] == {"a": "1", "b": None} and rows[-1] == {"a": "2", "b": "true"}
    assert not any(rows[6_000].values())


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"a": 1, "a": 1}', "line 3: the key 'a' stands twice"),
        ('{"a": 1', "line 3, character 8: not JSON"),
        ('{"a": 1} {"a": 2}', "line 3, character 10: not JSON"),
        ("{a: 1}", "line 3, character 2: not JSON"),
        ('{"a": NaN}', "line 3: NaN is no value in JSON"),
        ('{"a": 01}', "line 3, character 8: not JSON"),
        ("[1]", "line 3: a list"),
        ("1", "line 3: a single value"),
        ('{"a": [1]}', "line 3, column 'a': a list"),
        ('{"a": {"b": 1}}', "line 3, column 'a': an object"),
        ('{"a": "\\u0000"}', "line 3, column 'a': a zero character"),
        ('{"a": "\\ud800"}', "line 3, column 'a': a zero character or half"),
        ('{"": 1}', "line 3: a column without a name"),
        ('{"\\ud800": 1}', "line 3: the name '\\ud800' is no Unicode text"),
        ('{"row_id": 1}', "line 3: a column is called 'row_id'"),
        ('{"a": ' + "[" * 100_000, "line 3: nested too deeply"),
    ],
)
def test_a_broken_json_line_is_named(landed: Path, line: str, complaint: str) -> None:
    assert f"june.data, {complaint}" in refusal(landed, f'{{"a": "x"}}\n\n{line}\n{{"a": 1}}\n'.encode())


def test_json_that_is_no_json_lines_is_refused(landed: Path) -> None:
    assert "one JSON list" in refusal(landed, b'[{"a": 1}, {"a": 2}]')
    assert "line 1, character 2: not JSON" in refusal(landed, b'{\n  "a": 1\n}\n')
    assert "names no column" in refusal(landed, b"{}\n{}\n")


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.one_of(st.none(), finite, st.integers(-(2**63), 2**63 - 1).map(float)), min_size=1))
@settings(max_examples=50, deadline=None)
def test_parquet_floats_round_trip(landed: Path, values: list[float | None]) -> None:
    back = [row["a"] for row in read(landed, parquet({"a": pa.array(values, pa.float64())}))]
    assert [None if text is None else float(text) for text in back] == values
    for text, value in zip(back, values, strict=True):
        if text and value == int(value or 0) and abs(value or 0) <= 2**53 and value:
            assert text == str(int(value))  # an exponent is no exact number to a contract
    narrow = np.array([one for one in values if one is not None and abs(one) < 1e38], dtype="float32")
    if len(narrow):
        back = [row["a"] for row in read(landed, parquet({"a": narrow}))]
        assert np.array_equal(np.array(back, dtype="float64"), narrow.astype("float64"))


DECIMAL = pa.decimal128(38, 20)
MOMENT = datetime(2015, 1, 2, 3, 4, 5, 678000)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([2**63 - 1, -(2**63), None]), ["9223372036854775807", "-9223372036854775808", None]),
        (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([Decimal("1.10"), Decimal("-0.02")]), ["1.10", "-0.02"]),
        (pa.array([Decimal(0), Decimal("1e-11")], DECIMAL), ["0." + 20 * "0", f"0.{10 * '0'}1{9 * '0'}"]),
        (pa.array([float("nan"), float("inf"), -0.0]), ["nan", "inf", "-0"]),
        (pa.array([123456789012.0, 2.0**60]), ["123456789012", "1.152921504606847e+18"]),
        (pa.array([date(2015, 1, 2), None]), ["2015-01-02", None]),
        (pa.array([MOMENT], pa.timestamp("ns")), ["2015-01-02T03:04:05.678"]),
        (pa.array([MOMENT.replace(microsecond=0)], pa.timestamp("us")), ["2015-01-02T03:04:05"]),
        (pa.array([MOMENT], pa.timestamp("ms", tz="Europe/Berlin")), ["2015-01-02T03:04:05.678Z"]),
        (pa.array([time(3, 4, 5)]), ["03:04:05"]),
        (pa.array(["x", "", "x"]).dictionary_encode(), ["x", None, "x"]),
        (pa.array(["x", ""], pa.large_string()), ["x", None]),
        (pa.array([None, None], pa.null()), [None, None]),
    ],
)  # fmt: skip
def test_parquet_values_become_the_texts_that_say_the_same(
    landed: Path, values: pa.Array, texts: list[str | None]
) -> None:
    assert [row["a"] for row in read(landed, parquet({"a": values}))] == texts


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1]]),
        pa.array([{"b": 1}]),
        pa.array([b"x"]),
        pa.array([timedelta(days=1)]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    ],
)
def test_parquet_values_that_are_not_plain_are_refused(landed: Path, values: pa.Array) -> None:
    assert refusal(landed, parquet({"a": values})).startswith("june.data, column 'a': values of the type")


def test_parquet_is_spelled_as_the_text_files_of_its_use_case(landed: Path) -> None:
    columns = {
        "number": pa.array([1.5, 2.0]),
        "exact": pa.array([Decimal("1.10"), None]),
        "day": pa.array([date(2015, 1, 2), None]),
        "moment": pa.array([datetime(2015, 1, 2), MOMENT]),
        "text": ["1.5", "2015-01-02"],
    }
    first, second = read(landed, parquet(columns), FileFormat(decimal=",", dates="%m/%d/%Y"))
    assert first == {
        "number": "1,5", "exact": "1,10", "day": "01/02/2015", "moment": "01/02/2015", "text": "1.5",
    }  # fmt: skip
    # The declared format would drop the time of day.
    assert second["moment"] == "2015-01-02T03:04:05.678"


def test_damaged_parquet_is_refused(landed: Path) -> None:
    content = parquet({"a": list(range(1000))}, write_page_checksum=True, compression="none")
    assert "Parquet file that cannot be read" in refusal(landed, content[:-20])
    assert "Parquet file that cannot be read" in refusal(landed, content[:200] + b"\xff" + content[201:])
    assert "without rows" in refusal(landed, parquet({"a": pa.array([], pa.int64())}))
    assert "row 2: a zero character" in refusal(landed, parquet({"a": ["x", "y\0"]}))
    twice = io.BytesIO()
    pq.write_table(pa.table([[1], [2]], names=["a", "a"]), twice)
    assert "column 'a' stands twice" in refusal(landed, twice.getvalue())
