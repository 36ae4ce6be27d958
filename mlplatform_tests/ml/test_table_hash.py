"""The logical hash: what must not change it, what must, and the documented layout as an oracle."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import math
import random
import re
import struct
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlplatform.ml.table_hash import frame_hash, table_hash

UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1)
TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "flag": (pa.bool_(), st.booleans()),
    "count": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "share": (pa.float64(), st.floats(allow_nan=True, allow_infinity=True)),
    "city": (pa.string(), st.text(max_size=5)),
    "seen": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    "clock": (pa.timestamp("us"), st.datetimes()),
    "day": (pa.date32(), st.dates()),
}


@st.composite
def tables(draw: st.DrawFn, nulls: bool = True, min_rows: int = 0) -> pa.Table:
    """A table with any of the columns above, in any order, and a key that is often not in order."""
    keys = draw(st.lists(st.text(max_size=4), unique=True, min_size=min_rows, max_size=9))
    names = draw(st.lists(st.sampled_from(sorted(TYPES)), unique=True, min_size=1))
    columns = {"row_id": pa.array(keys, pa.string())}
    for name in names:
        dtype, values = TYPES[name]
        cell = st.none() | values if nulls else values
        columns[name] = pa.array(draw(st.lists(cell, min_size=len(keys), max_size=len(keys))), dtype)
    return pa.table(columns)


def oracle(table: pa.Table, key: str = "row_id") -> str:
    """`docs/snapshots.md`, word for word, cell by cell."""
    rows = sorted(range(table.num_rows), key=lambda row: table[key][row].as_py().encode())
    out = b"mlplatform.table/1\n" + struct.pack("<QQ", len(rows), table.num_columns)
    for name in sorted(table.column_names, key=str.encode):
        dtype = table.schema.field(name).type
        if pa.types.is_dictionary(dtype):
            dtype = dtype.value_type
        cells = [table[name][row].as_py() for row in rows]
        cells = [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in cells]
        out += struct.pack("<I", len(name.encode())) + name.encode()
        out += hashlib.sha256(oracle_column(dtype, cells)).digest()
    return hashlib.sha256(out).hexdigest()


def oracle_column(dtype: pa.DataType, cells: list[Any]) -> bytes:
    if all(cell is None for cell in cells):
        return b"-"
    missing = b"\0"
    if None in cells:
        bits = bytearray((len(cells) + 7) // 8)
        for row, cell in enumerate(cells):
            bits[row // 8] |= (cell is not None) << (row % 8)
        missing = b"\1" + bytes(bits)
    if pa.types.is_boolean(dtype):
        return b"b" + missing + b"".join(struct.pack("<B", cell or 0) for cell in cells)
    if pa.types.is_integer(dtype):
        big = max(cell or 0 for cell in cells) > 2**63 - 1
        form = "<Q" if big else "<q"
        return (b"u" if big else b"i") + missing + b"".join(struct.pack(form, cell or 0) for cell in cells)
    if pa.types.is_floating(dtype):
        return b"f" + missing + b"".join(struct.pack("<d", cell or 0.0) for cell in cells)
    if pa.types.is_date(dtype):
        days = [0 if cell is None else (cell - EPOCH.date()).days for cell in cells]
        return b"D" + missing + b"".join(struct.pack("<q", day) for day in days)
    if pa.types.is_timestamp(dtype):
        epoch = EPOCH if dtype.tz is None else EPOCH.replace(tzinfo=UTC)
        micros = [0 if cell is None else (cell - epoch) // dt.timedelta(microseconds=1) for cell in cells]
        kind = b"d" if dtype.tz is None else b"t"
        return kind + missing + b"".join(struct.pack("<q", value) for value in micros) + b"\0"
    texts = [(cell or "").encode() for cell in cells]
    return b"s" + missing + b"".join(struct.pack("<I", len(text)) for text in texts) + b"".join(texts)


def small() -> pa.Table:
    return pa.table(
        {
            "row_id": pa.array(["b:2", "a:1", "b:10"]),
            "city": pa.array(["Oslo", None, ""]),
            "größe": pa.array([1.5, math.nan, -0.0]),
            "hours": pa.array([3, -4, None], pa.int16()),
            "passed": pa.array([True, False, True]),
            "seen": pa.array(
                [dt.datetime(2024, 2, 29, 12, 30), None, dt.datetime(9999, 12, 31)],
                pa.timestamp("us", "Europe/Oslo"),
            ),
            "local": pa.array([1_000_000_001, 0, -1], pa.timestamp("ns")),
            "day": pa.array([dt.date(2024, 2, 29), dt.date(1969, 12, 31), None]),
            "nothing": pa.nulls(3),
        }
    )


def test_the_definition_is_pinned() -> None:
    """If this fails, every snapshot got a new name: change `mlplatform.table/1` and docs/snapshots.md."""
    assert table_hash(small()) == "c0412f9d92177b4d616e373c1cc7e5697c42c1c9c70c756106fe35d16c7ac89e"


@given(tables())
def test_is_what_the_documentation_says(table: pa.Table) -> None:
    assert table_hash(table) == oracle(table)


def test_fractions_of_a_microsecond_follow_the_layout() -> None:
    table = pa.table({"row_id": ["a", "b"], "t": pa.array([1_234_567, -1], pa.timestamp("ns"))})
    column = b"d\0" + struct.pack("<qq", 1234, -1) + b"\1" + struct.pack("<HH", 567, 999)
    key = b"s\0" + struct.pack("<II", 1, 1) + b"ab"
    out = b"mlplatform.table/1\n" + struct.pack("<QQ", 2, 2)
    for name, data in [(b"row_id", key), (b"t", column)]:
        out += struct.pack("<I", len(name)) + name + hashlib.sha256(data).digest()
    assert table_hash(table) == hashlib.sha256(out).hexdigest()


@given(tables(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_and_chunks_do_not_count(table: pa.Table, shuffle: random.Random, step: int) -> None:
    rows = list(range(table.num_rows))
    shuffle.shuffle(rows)
    names = table.column_names
    shuffle.shuffle(names)
    other = table.take(pa.array(rows, pa.int64())).select(names)
    pieces = [other.slice(start, step) for start in range(0, table.num_rows, step)]
    assert table_hash(pa.concat_tables(pieces) if pieces else other) == table_hash(table)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(tables(), st.sampled_from([1, 2, 100]), st.sampled_from(["none", "snappy", "zstd"]), st.booleans())
def test_parquet_does_not_count(table: pa.Table, rows: int, compression: str, dictionary: bool) -> None:
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=rows, compression=compression, use_dictionary=dictionary)
    names = [name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)]
    file.seek(0)
    assert table_hash(pq.read_table(file)) == table_hash(table)
    file.seek(0)
    assert table_hash(pq.read_table(file, read_dictionary=names)) == table_hash(table)
    file.seek(0)
    assert table_hash(pl.read_parquet(file).to_arrow()) == table_hash(table)


@settings(deadline=None)
@given(tables())
def test_pandas_dtypes_and_polars_do_not_count(table: pa.Table) -> None:
    expected = table_hash(table)
    assert frame_hash(table.to_pandas(types_mapper=pd.ArrowDtype)) == expected
    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype(), pa.string(): pd.StringDtype()}
    assert frame_hash(table.to_pandas(types_mapper=nullable.get)) == expected
    frame = pl.DataFrame(table)
    assert table_hash(frame.to_arrow()) == expected
    assert table_hash(frame.to_arrow(compat_level=pl.CompatLevel.newest())) == expected
    strings = [name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)]
    coded = frame.with_columns(pl.col(name).cast(pl.Categorical) for name in strings)
    assert table_hash(coded.to_arrow()) == expected


@settings(deadline=None)
@given(tables(nulls=False), st.integers())
def test_numpy_dtypes_and_categories_do_not_count(table: pa.Table, start: int) -> None:
    frame = table.to_pandas()  # integers with nulls would become floats, which is another kind
    frame.index = pd.RangeIndex(start % 1000, start % 1000 + len(frame))
    assert frame_hash(frame) == table_hash(table)
    objects = frame.astype({name: object for name in frame if frame[name].dtype == "str"})
    assert frame_hash(objects) == table_hash(table)
    coded = frame.astype({name: "category" for name in frame if frame[name].dtype in ("str", "int64")})
    assert frame_hash(coded) == table_hash(table)


def column_hash(values: Any, dtype: pa.DataType | None = None) -> str:
    array = values if isinstance(values, pa.Array) else pa.array(values, dtype)
    return table_hash(pa.table({"row_id": [f"{row:03}" for row in range(len(array))], "value": array}))


def test_width_unit_zone_and_encoding_do_not_count() -> None:
    assert len({column_hash([1, None, 3], t) for t in (pa.int8(), pa.uint16(), pa.int64(), pa.uint64())}) == 1
    assert len({column_hash([0.5, None, 3], t) for t in (pa.float16(), pa.float32(), pa.float64())}) == 1
    for zones in [(None,), ("UTC", "+02:00", "Asia/Tokyo")]:
        units = ["s", "ms", "us", "ns"]
        seconds = pa.array([-1, None, 7], pa.timestamp("s"))
        moments = [
            seconds.cast(pa.timestamp(unit)).cast(pa.int64()).cast(pa.timestamp(unit, zone))
            for unit in units
            for zone in zones
        ]
        assert len({column_hash(moment) for moment in moments}) == 1
    days = pa.array([dt.date(1960, 5, 6), None, dt.date(2024, 1, 1)])
    assert column_hash(days) == column_hash(days.cast(pa.date64()))
    texts = ["a", None, "", "a"]
    plain = pa.array(texts)
    coded = pa.DictionaryArray.from_arrays(pa.array([2, 1, 3, 0], pa.int8()), pa.array(["a", None, "a", ""]))
    others = [plain.cast(pa.large_string()), plain.cast(pa.string_view()), plain.dictionary_encode(), coded]
    assert {column_hash(other) for other in others} == {column_hash(plain)}
    assert column_hash(pa.array([5, None, 5]).dictionary_encode()) == column_hash([5, None, 5])


def test_bytes_behind_a_null_and_slices_do_not_count() -> None:
    offsets = pa.array([0, 1, 4, 5], pa.int32()).buffers()[1]
    hidden = pa.Array.from_buffers(pa.string(), 3, [pa.py_buffer(b"\x05"), offsets, pa.py_buffer(b"ahidb")])
    assert hidden.to_pylist() == ["a", None, "b"]
    assert column_hash(hidden) == column_hash(["a", None, "b"])
    sliced = pa.array(["x", "a", None, "b", "y"]).slice(1, 3)
    assert column_hash(sliced) == column_hash(["a", None, "b"])
    assert column_hash(pa.array([9, 1, None, 9]).slice(1, 2)) == column_hash([1, None])
    assert column_hash(pa.array([None, True, False]).slice(1, 2)) == column_hash([True, False])


def test_one_missing_value_and_one_zero() -> None:
    assert column_hash([1.0, math.nan]) == column_hash([1.0, None])
    assert column_hash([0.0, 1.0]) == column_hash([-0.0, 1.0])
    payload = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_0000_BEEF))[0]
    assert column_hash(pa.array(np.array([1.0, payload]))) == column_hash([1.0, None])
    key = ["a", "b", "c", "d"]
    mixed = pd.DataFrame({"row_id": key, "value": pd.Series(["x", None, np.nan, pd.NA], dtype=object)})
    assert frame_hash(mixed) == table_hash(pa.table({"row_id": key, "value": ["x", None, None, None]}))


def test_a_column_without_values_has_no_dtype() -> None:
    types = [
        pa.null(),
        pa.bool_(),
        pa.int32(),
        pa.float32(),
        pa.string(),
        pa.date32(),
        pa.timestamp("ns"),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int8(), pa.null()),
    ]
    for rows in (0, 2):
        assert len({column_hash(pa.nulls(rows, dtype)) for dtype in types}) == 1
    assert column_hash([math.nan, math.nan]) == column_hash([None, None])
    assert column_hash([None]) != column_hash([None, None])
    empty = pd.DataFrame({"row_id": [], "value": []})
    assert frame_hash(empty) == column_hash([])


def test_the_caller_keeps_the_data() -> None:
    values = np.array([-0.0, 1.0])
    column_hash(pa.array(values))
    assert math.copysign(1, values[0]) == -1


def test_kinds_and_values_that_look_alike_differ() -> None:
    columns: list[Any] = [
        [1],
        [1.0],
        ["1"],
        [True],
        ["1.0"],
        ["True"],
        [0],
        [0.0],
        [False],
        ["0"],
        [None],
        [""],
        ["nan"],
        ["None"],
        ["NaN"],
        [" "],
        ["\u00e9"],
        ["e\u0301"],
        [math.inf],
        [-math.inf],
        [-1],
        [5e-324],
        [0.1 + 0.2],
        [0.3],
        [dt.date(1970, 1, 1)],
        [dt.datetime(1970, 1, 1)],
        [dt.datetime(1970, 1, 1, tzinfo=UTC)],
        ["ab", "c"],
        ["a", "bc"],
        ["abc", ""],
        ["", "abc"],
        [None, "abc"],
        ["abc", None],
        ["a\0", "bc"],
        [1, None],
        [None, 1],
        [1, 0],
        [0, 1],
    ]
    arrays = [pa.array(values) for values in columns]
    arrays += [
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([2**63], pa.uint64()),
        pa.array([-(2**63)]),
        pa.array([1], pa.timestamp("ns")),
        pa.array([1], pa.timestamp("us")),
        pa.array([True, False]),
        pa.array([False, True]),
    ]
    assert len({column_hash(array) for array in arrays}) == len(arrays)


@given(tables(min_rows=1), st.data())
def test_any_changed_cell_counts(table: pa.Table, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(table.column_names[1:]))
    row = data.draw(st.integers(0, table.num_rows - 1))
    dtype, values = TYPES[name]
    cells = table[name].to_pylist()
    new = data.draw(st.none() | values)
    old, cells[row] = cells[row], new
    gone = [value is None or value != value for value in (old, new)]
    same = all(gone) or old == new
    changed = table.set_column(table.column_names.index(name), name, pa.array(cells, dtype))
    assert (table_hash(changed) == table_hash(table)) == same


def test_moved_values_renamed_columns_and_keys_count() -> None:
    base = {"row_id": ["1", "2"], "a": ["x", "y"], "b": ["u", "v"]}
    variants: list[dict[str, list[str]]] = [
        base,
        base | {"a": ["y", "x"]},
        base | {"a": ["u", "v"], "b": ["x", "y"]},
        base | {"a": ["u", "y"], "b": ["x", "v"]},
        base | {"row_id": ["1", "3"]},
        {"row_id": ["1", "2"], "a": ["x", "y"], "c": ["u", "v"]},
        {"row_id": ["1", "2"], "a": ["x", "y"], "": ["u", "v"]},
        {"row_id": ["1", "2"], "a": ["x", "y"]},
        {"row_id": ["1", "2"], "ab": ["x", "y"]},
        {"row_id": ["1"], "a": ["x"], "b": ["u"]},
        base | {"c": ["u", "v"]},
    ]
    assert len({table_hash(pa.table(variant)) for variant in variants}) == len(variants)


def test_another_key_column_can_order_the_rows() -> None:
    table = pa.table({"id": ["b", "a"], "value": [1, 2]})
    assert table_hash(table, key="id") == table_hash(table.take([1, 0]), key="id")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array(["a", None]), "'row_id' holds 1 nulls"),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])), "'row_id' holds 1 nulls"),
        (pa.array(["a", "a"]), "'row_id' is not unique: 'a'"),
        (pa.array(["b", "a", "b"]), "'row_id' is not unique: 'b'"),
    ],
)
def test_refuses_a_key_that_orders_nothing(column: pa.Array, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table_hash(pa.table({"row_id": column}))


def test_refuses_other_keys_and_names() -> None:
    with pytest.raises(ValueError, match="'row_id' is absent"):
        table_hash(pa.table({"id": ["a"]}))
    with pytest.raises(TypeError, match="'row_id' must hold strings, not int64"):
        table_hash(pa.table({"row_id": [1]}))
    with pytest.raises(ValueError, match=r"'a'.* occur more than once"):
        table_hash(pa.table([pa.array(["x"])] * 3, names=["row_id", "a", "a"]))
    with pytest.raises(ValueError, match=r"'a'.* occur more than once"):
        frame_hash(pd.DataFrame([["x", 1, 2]], columns=["row_id", "a", "a"]))
    with pytest.raises(TypeError, match="column name 7 is a int"):
        frame_hash(pd.DataFrame({"row_id": ["x"], 7: [1]}))


@pytest.mark.parametrize(
    "dtype",
    [
        pa.decimal128(9, 2),
        pa.time64("us"),
        pa.duration("s"),
        pa.binary(),
        pa.list_(pa.string()),
        pa.struct([("a", pa.int8())]),
    ],
)
def test_refuses_types_without_a_kind(dtype: pa.DataType) -> None:
    with pytest.raises(TypeError, match=re.escape(f"column 'value' has type {dtype}")):
        column_hash(pa.nulls(2, dtype))


def test_refuses_mixed_objects_and_times_out_of_range() -> None:
    with pytest.raises(TypeError, match="value"):
        frame_hash(pd.DataFrame({"row_id": ["a", "b"], "value": pd.Series([1, "x"], dtype=object)}))
    with pytest.raises(ValueError, match="column 'value'"):
        column_hash([2**62], pa.timestamp("s"))
