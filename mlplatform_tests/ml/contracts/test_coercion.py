from decimal import Decimal
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlplatform.ml.contracts.coercion import coerce, kind_of, rule_of


class Kinds(pan.DataFrameModel):
    int: int
    float: float
    bool: bool
    str: str
    int8: pan.Int8
    uint8: pan.UInt8
    float32: pan.Float32
    nullable: pd.Int64Dtype
    category: pd.CategoricalDtype = pan.Field(dtype_kwargs={"categories": ["x", "y"], "ordered": False})
    labels: pd.CategoricalDtype
    datetime: pd.Timestamp
    zoned: Annotated[pd.DatetimeTZDtype, "ns", "UTC"]
    seconds: Annotated[pd.DatetimeTZDtype, "s", "Europe/Berlin"]


COLUMNS = Kinds.to_schema().columns
NOT_NUMBERS = [
    "nan",
    "NaN",
    "inf",
    "-inf",
    "Infinity",
    "1e400",
    "-1e400",
    "1,000",
    "1_000",
    "3,5",
    "0x10",
    "0b1",
    "٣",
    "５",
    "−",
    "-",
    "+",
    ".",
    "e5",
    "1e",
    "1e+",
    "--5",
    "1d",
    "1f",
    "true",
    "NA",
    "None",
    "null",
    "1.2.3",
    "5\xa0",
    "$5",
    "5%",
]


def read(texts: list[str | None], column: str) -> list[Any]:
    """Each value as read, None where missing, "unreadable" where masked."""
    values, unreadable = coerce(pa.chunked_array([pa.array(texts, pa.string())]), COLUMNS[column].dtype)
    assert len(values) == len(unreadable) == len(texts)
    assert values[unreadable].isna().all()
    assert list(values.isna() & ~unreadable) == [text is None for text in texts], "a silent missing value"
    as_python = [None if pd.isna(value) else value for value in values]
    return ["unreadable" if bad else value for value, bad in zip(as_python, unreadable, strict=True)]


digits = st.text("0123456789", min_size=1, max_size=20)
number_like = st.one_of(
    st.none(),
    st.sampled_from([*NOT_NUMBERS, "36.0", "36.5", "+5", " 5", "5\n", "007", "1.", ".5", "-0"]),
    st.integers(-(2**64), 2**64).map(str),
    st.floats().map(repr),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.builds("{}{}.{}".format, st.sampled_from(["", "-", "+", " "]), digits, digits),
    st.builds("{}e{}".format, digits, st.integers(-400, 400)),
    st.text("0123456789.eE+-_, xX", min_size=1, max_size=8),
)


@given(st.lists(number_like, max_size=12), st.sampled_from(["int", "float", "int8", "float32"]))
@example(["9007199254740993", "36.0"], "int")
@example(["9223372036854775807", "x"], "int")
@example(["0x10", "1"], "int")
@example(["nan"], "float")
@example(["1e400"], "float")
@example(["0e999999999", "1e999999999", "1e99999999999999999999"], "int")
@settings(max_examples=200, deadline=None)
def test_a_number_means_the_same_whatever_stands_in_the_other_rows(
    texts: list[str | None], column: str
) -> None:
    assert read(texts, column) == [read([text], column)[0] for text in texts]


@given(st.lists(number_like, min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_an_integer_is_exactly_what_the_text_says(texts: list[str | None]) -> None:
    for text, value in zip(texts, read(texts, "int"), strict=True):
        if value not in (None, "unreadable"):
            assert Decimal(text.strip()) == int(value)


@given(st.lists(number_like, min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_float_is_the_nearest_to_what_the_text_says(texts: list[str | None]) -> None:
    for text, value in zip(texts, read(texts, "float"), strict=True):
        if value not in (None, "unreadable"):
            assert value == float(text) and np.isfinite(value)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_every_64_bit_integer_is_read(values: list[int]) -> None:
    assert read([*map(str, values), "x"], "int") == [*values, "unreadable"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_finite_float_is_read(values: list[float]) -> None:
    assert read([*map(repr, values), "x"], "float") == [*values, "unreadable"]


@pytest.mark.parametrize("text", NOT_NUMBERS)
@pytest.mark.parametrize("column", ["int", "float"])
def test_words_and_foreign_notations_are_unreadable(text: str, column: str) -> None:
    assert read([text], column) == ["unreadable"]
    assert read([text, "1", None], column) == ["unreadable", 1, None]


@pytest.mark.parametrize("text", ["36", "36.0", "+36", " 36 ", "036", "36."])
def test_whole_numbers_may_be_spelled_as_they_like(text: str) -> None:
    assert read([text], "int") == [36]


@pytest.mark.parametrize("text", ["36.5", "1e-5", "4503599627370497.5", "9223372036854775808", "1e19"])
def test_what_is_no_64_bit_integer_is_not_rounded_to_one(text: str) -> None:
    assert read([text], "int") == ["unreadable"]


@pytest.mark.parametrize("text", ["1.23457E+11", "1e3", "3.6e1", "360e-1", "0e0", "1E2"])
def test_an_integer_with_an_exponent_may_have_lost_digits(text: str) -> None:
    assert read([text], "int") == ["unreadable"]
    assert read([text, "7"], "int") == ["unreadable", 7]
    assert read([text], "float") == [float(text)]


def test_numbers_beyond_the_declared_width_do_not_wrap() -> None:
    assert read(["127", "128", "-129", "300", None], "int8") == [127, *["unreadable"] * 3, None]
    assert read(["255", "256", "-1"], "uint8") == [255, "unreadable", "unreadable"]
    assert read(["1e38", "1e39", "-1e300"], "float32") == [1e38, "unreadable", "unreadable"]


def test_booleans_are_read_from_common_words() -> None:
    assert read(["true", "TRUE", "Yes", "1", "t", "y"], "bool") == [True] * 6
    assert read(["false", "No", "0", "F", "n"], "bool") == [False] * 5
    assert read(["on", "2", "1.0", "nan", " ", None], "bool") == ["unreadable"] * 5 + [None]


def test_categories_that_are_not_declared_are_unreadable() -> None:
    assert read(["x", "z", None], "category") == ["x", "unreadable", None]
    assert read(["x", "z", None], "labels") == ["x", "z", None]


def test_text_stays_as_it_is() -> None:
    texts = [" a ", "NA", "nan", "1.0", None]
    assert read(texts, "str") == texts


@pytest.mark.parametrize(
    "text",
    ["2020-02-29", "2020-02-29T10:30", "2020-02-29 10:30:05", "2020-02-29T10:30:05.123456789"],
)
def test_iso_dates_and_times_are_read(text: str) -> None:
    assert read([text], "datetime") == [pd.Timestamp(text)]
    assert read([text], "zoned") == ["unreadable"]


@pytest.mark.parametrize("end", ["Z", "+00:00", "+02:00", "-0530"])
def test_a_zone_is_neither_guessed_nor_thrown_away(end: str) -> None:
    text = f"2020-06-01T10:30:00{end}"
    assert read([text], "zoned") == [pd.Timestamp(text)]
    assert read([text, "2020-06-01T10:30:00Z"], "zoned")[0] == pd.Timestamp(text)
    assert read([text, "2020-06-01"], "datetime") == ["unreadable", pd.Timestamp("2020-06-01")]


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "today",
        "NaT",
        "nan",
        "0",
        "1e9",
        "2020",
        "2020-06",
        "20200601",
        "1/6/2020",
        "01.06.2020",
        "2021-02-29",
        "2020-13-01",
        "2020-06-01T25:00",
        "2020-06-01T24:00",
        "2020-06-30T23:59:60",
        "0001-01-01",
        "2300-01-01",
        "9999-12-31",
        "-2020-01-01",
        "2020-W01-1",
    ],
)
def test_other_spellings_and_impossible_times_are_unreadable(text: str) -> None:
    assert read([text], "datetime") == ["unreadable"]
    assert read([text, "2020-06-01", None], "datetime") == ["unreadable", pd.Timestamp("2020-06-01"), None]


def test_a_time_finer_than_declared_is_not_cut() -> None:
    whole, fine = "2020-06-01T10:30:05Z", "2020-06-01T10:30:05.5Z"
    assert read([whole, fine], "seconds") == [pd.Timestamp(whole), "unreadable"]
    assert read(["9999-12-31T00:00:00Z"], "seconds") == [pd.Timestamp("9999-12-31T00:00:00Z")]


@pytest.mark.parametrize("column", list(COLUMNS))
@pytest.mark.parametrize("texts", [[], [None], [None, None]])
def test_empty_and_missing_columns_stay_so(column: str, texts: list[str | None]) -> None:
    assert read(texts, column) == texts


SPELLINGS: dict[str, list[str | None]] = {
    "bool": ["yes", "NO", "perhaps", None],
    "datetime": ["2020-02-29", "2021-02-29", "2020-02-29T10:30:05.5", None],
    "zoned": ["2020-06-01T10:30:00+02:00", "2020-06-01", None],
    "seconds": ["2020-06-01T10:30:00+02:00", "2020-12-01T10:30:00Z", "x", None],
    "int": ["1", "-7", "36.0", "x", "1e3", "9223372036854775808", " 5", None],
    "float": ["1", "-7.25", ".5", "1e-3", "1e400", "nan", "x", "--1", None],
    "float32": ["1", "1e39", "x", None],
}


@pytest.mark.parametrize("column", SPELLINGS)
def test_many_rows_are_read_as_one_is(column: str) -> None:
    """Columns of many rows are read by their distinct spellings and in chunks."""
    texts = SPELLINGS[column] * 300
    chunks = [pa.array(texts[:7], pa.string()), pa.array(texts[7:7], pa.string()), pa.array(texts[7:])]
    dtype = COLUMNS[column].dtype
    values, unreadable = coerce(pa.chunked_array(chunks), dtype)
    one_by_one = [coerce(pa.chunked_array([pa.array([t], pa.string())]), dtype) for t in SPELLINGS[column]]
    expected = pd.concat([value for value, _ in one_by_one] * 300, ignore_index=True)
    pd.testing.assert_series_equal(values, expected.astype(values.dtype), check_names=False)
    assert values.dtype == one_by_one[0][0].dtype
    assert unreadable.tolist() == [bool(bad[0]) for _, bad in one_by_one] * 300


@pytest.mark.parametrize("column", list(COLUMNS))
def test_what_was_read_fits_the_declared_type(column: str) -> None:
    text = {"bool": "yes", "str": "x", "category": "x", "labels": "x", "datetime": "2020-06-01"}.get(
        column, "5"
    )
    text = "2020-06-01T00:00:00Z" if column in ("zoned", "seconds") else text
    values, unreadable = coerce(pa.chunked_array([[text, text]]), COLUMNS[column].dtype)
    assert not unreadable.any()
    assert not values.astype(COLUMNS[column].dtype.type).isna().any()


def test_rules_are_named_in_words() -> None:
    rules = {name: rule_of(column.dtype) for name, column in COLUMNS.items()}
    assert rules["int"] == "is an int" and rules["float32"] == "is a float"
    assert rules["category"] == "is one of ['x', 'y']"
    assert rules["datetime"] == "is an ISO datetime without zone"
    assert rules["zoned"] == "is an ISO datetime with zone"
    zoneless, zoned = COLUMNS["datetime"].dtype, COLUMNS["zoned"].dtype
    assert rule_of(zoneless, "%d.%m.%Y") == "is a date written as %d.%m.%Y"
    assert rule_of(zoneless, "%d.%m.%Y %z") == "is a date written as %d.%m.%Y %z without zone"
    assert rule_of(zoned, "%d.%m.%Y") == "is a date written as %d.%m.%Y with zone"
    assert rule_of(COLUMNS["int"].dtype, "%d.%m.%Y") == rules["int"]


def test_other_types_are_refused() -> None:
    class Money(pan.DataFrameModel):
        price: pan.Decimal

    with pytest.raises(TypeError, match="contracts know int, float, bool, str and datetime columns"):
        kind_of(Money.to_schema().columns["price"].dtype)
