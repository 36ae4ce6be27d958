from datetime import datetime
from typing import Annotated, Any

import pandas as pd
import pandera.pandas as pan
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.contracts.coercion import coerce
from mlplatform.ml.contracts.spelling import plain_spelling
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform.ml.reading import ROW_ID


class Delivery(pan.DataFrameModel):
    text: str
    count: int
    weight: float
    day: pd.Timestamp
    moment: Annotated[pd.DatetimeTZDtype, "us", "UTC"]


SCHEMA = Delivery.to_schema()
Texts = list[str | None]


def column(name: str, texts: Texts) -> pa.Table:
    return pa.table({name: pa.array(texts, pa.string()), ROW_ID: [f"b:{at}" for at in range(len(texts))]})


def plain(name: str, texts: Texts, **file_format: Any) -> Texts:
    table = plain_spelling(column(name, texts), SCHEMA, FileFormat(**file_format))
    assert table.column_names == [name, ROW_ID] and table.num_rows == len(texts)
    assert table.schema.field(name).type == pa.string()
    spelled: Texts = table.column(name).to_pylist()
    return spelled


def values(name: str, texts: Texts, **file_format: Any) -> list[Any]:
    """Each value as a contract sees it, "unreadable" where it cannot."""
    table = plain_spelling(column(name, texts), SCHEMA, FileFormat(**file_format))
    read, unreadable = coerce(table.column(name), SCHEMA.columns[name].dtype)
    found = [None if pd.isna(one) else one for one in read]
    return ["unreadable" if bad else one for one, bad in zip(found, unreadable, strict=True)]


def test_the_default_gives_back_the_table_itself() -> None:
    landed = column("day", ["1/2/2015", " x "])
    assert plain_spelling(landed, SCHEMA, PLAIN) is landed
    assert plain_spelling(landed, SCHEMA, FileFormat(delimiter=";", encoding="cp1252")) is landed


def test_blanks_go_where_they_mean_nothing() -> None:
    texts: Texts = [" sweing ", "a b", "\t", "", "\xa0x\u2003", None]
    assert plain("text", texts) == texts
    assert plain("text", texts, strip_blanks=True) == ["sweing", "a b", None, None, "x", None]
    assert plain("unknown", [" x"], strip_blanks=True) == ["x"]


def test_words_for_missing_are_null_in_every_column() -> None:
    for name in ("text", "count", "unknown"):
        assert plain(name, ["NA", "NAN", "-", " NA", "na"], missing=("NA", "-")) == [
            None, "NAN", None, " NA", "na",
        ]  # fmt: skip
    assert plain("text", [" NA "], missing=("NA",), strip_blanks=True) == [None]


def test_the_row_id_is_left_alone() -> None:
    landed = pa.table({"text": ["x"], ROW_ID: ["1"]})
    assert plain_spelling(landed, SCHEMA, FileFormat(missing=("1",))).column(ROW_ID).to_pylist() == ["1"]


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("12,5", 12.5),
        ("-0,5", -0.5),
        ("12", 12.0),
        ("1,5e3", 1500.0),
        ("12.5", "unreadable"),
        ("1.234,5", "unreadable"),
        ("1.234", "unreadable"),
        ("1,234,5", "unreadable"),
        (".", "unreadable"),
        (None, None),
    ],
)
def test_decimal_commas(text: str | None, weight: object) -> None:
    assert values("weight", [text], decimal=",") == [weight]


def test_decimal_commas_of_whole_numbers_and_texts() -> None:
    assert values("count", ["12,0", "12,5", "1.000", "7"], decimal=",") == [12, "unreadable", "unreadable", 7]
    assert plain("text", ["12,5", "1.5"], decimal=",") == ["12,5", "1.5"]
    assert values("weight", ["12,5"]) == ["unreadable"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@settings(max_examples=50, deadline=None)
def test_every_float_with_a_comma_is_read(numbers: list[float]) -> None:
    assert values("weight", [repr(one).replace(".", ",") for one in numbers], decimal=",") == numbers


@pytest.mark.parametrize(
    ("dates", "text", "day"),
    [
        ("%m/%d/%Y", "1/2/2015", datetime(2015, 1, 2)),
        ("%m/%d/%Y", "01/02/2015", datetime(2015, 1, 2)),
        ("%d.%m.%y", "31.12.99", datetime(1999, 12, 31)),
        ("%d-%b-%Y", "02-Jan-2015", datetime(2015, 1, 2)),
        ("%d.%m.%Y %H:%M:%S", "02.01.2015 03:04:05", datetime(2015, 1, 2, 3, 4, 5)),
        ("%d/%m/%Y %I:%M %p", "02/01/2015 03:04 PM", datetime(2015, 1, 2, 15, 4)),
        ("%m/%d/%Y", "2015-01-02", None),
        ("%m/%d/%Y", "13/1/2015", None),
        ("%m/%d/%Y", "2/30/2015", None),
        ("%m/%d/%Y", "1/2/15", None),
        ("%m/%d/%Y", "1/2/2015 ", None),
        ("%m/%d/%Y", "1/2/2015 10:00", None),
        ("%m/%d/%Y", "١/٢/2015", None),
        ("%Y-%m-%d", "now", None),
        ("%Y-%m-%d", "today", None),
        ("%Y-%m-%d", "NaT", None),
        ("%Y-%m-%d", "2015-01-02T10:00", None),
        ("%Y-%m-%d", "2015-01", None),
        ("%d.%m.%Y %H:%M:%S", "02.01.2015 03:04:05Z", None),
    ],
)
def test_dates_are_read_as_declared_or_not_at_all(dates: str, text: str, day: datetime | None) -> None:
    assert values("day", [text, None], dates=dates) == [day or "unreadable", None]


def test_zones_are_kept_and_none_is_guessed() -> None:
    texts: Texts = ["2.1.2015 10:00 +0100", "2.1.2015 10:00 Z", "2.1.2015 10:00"]
    read = values("moment", texts, dates="%d.%m.%Y %H:%M %z")
    assert [str(one) for one in read] == [
        "2015-01-02 09:00:00+00:00",
        "2015-01-02 10:00:00+00:00",
        "unreadable",
    ]
    assert values("day", texts[:1], dates="%d.%m.%Y %H:%M %z") == ["unreadable"]
    assert values("moment", ["2.1.2015"], dates="%d.%m.%Y") == ["unreadable"]


some_dates = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))
FORMATS = (
    "%m/%d/%Y",
    "%d.%m.%Y %H:%M:%S",
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%d %B %Y %I:%M:%S %p",
)


@given(st.lists(st.tuples(some_dates, st.sampled_from(FORMATS)), min_size=1), st.sampled_from(FORMATS))
@settings(max_examples=50, deadline=None)
def test_mixed_dates_mean_what_strptime_says(moments: list[tuple[datetime, str]], dates: str) -> None:
    texts: Texts = [moment.strftime(written) for moment, written in moments]
    expected: list[object] = []
    for text in texts:
        try:
            expected.append(datetime.strptime(text or "", dates))
        except ValueError:
            expected.append("unreadable")
    assert values("day", texts, dates=dates) == expected


def test_nothing_is_spelled_in_an_empty_table() -> None:
    assert plain("day", [], dates="%m/%d/%Y", missing=("NA",), strip_blanks=True) == []
    assert plain("day", [None, None], dates="%m/%d/%Y", decimal=",") == [None, None]
