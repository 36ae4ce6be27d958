"""What may go, from what is stored and what is needed."""

from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.garbage import (
    LEFTOVER,
    NEVER_NAMED,
    NOT_COUNTED,
    REPLACED,
    SET_ASIDE,
    Stored,
    garbage,
    landed_garbage,
)


def stored(asset: str, name: str, batch: str | None = None, time: float = 0.0) -> Stored:
    folder = f"case/{asset}/{batch}" if batch else f"case/{asset}"
    return Stored(f"{folder}/{name}", asset, batch, name, 10, time)


def test_each_with_its_reason() -> None:
    found = {
        stored("features", "a.parquet", "monday"): REPLACED,
        stored("features", "b.parquet", "gone"): NOT_COUNTED,
        stored("captured", "c.parquet", "2026-03-01T17_0123456789ab"): REPLACED,
        stored("model", "0123456789ab"): REPLACED,
        stored("model", ".tmp-x"): LEFTOVER,
        stored("approval", ".tmp-y"): LEFTOVER,
        stored("features", "a.parquet.damaged-01234567", "gone"): SET_ASIDE,
    }
    kept = [stored("approval", "e.json"), stored("endpoint", "f.json")]
    assert {one.stored: one.why for one in garbage([*found, *kept], set(), {"monday"}, 1.0)} == found


def test_landed_bytes_that_an_event_names_stay() -> None:
    files = [stored("landed_file", name) for name in ("a", "b", ".tmp-c")]
    found = {one.stored.name: one.why for one in landed_garbage(files, {"a"}, before=1.0)}
    assert found == {"b": NEVER_NAMED, ".tmp-c": LEFTOVER}
    assert landed_garbage(files, set(), before=0.0) == []


names = st.sampled_from(["a.parquet", "b.parquet", ".tmp-a", "a.parquet.damaged-1", "a..damaged-b"])
things = st.builds(
    stored,
    st.sampled_from(["raw", "features", "model", "approval"]),
    names,
    st.sampled_from([None, "monday", "gone"]),
    st.floats(0, 10),
)


@given(st.lists(things), st.sets(st.integers(0, 9)), st.floats(0, 10))
def test_nothing_needed_and_nothing_young_ever_goes(
    lying: list[Stored], kept: set[int], before: float
) -> None:
    needed = {one.path for number, one in enumerate(lying) if number in kept}
    found = garbage(lying, needed, {"monday"}, before)
    assert not [one for one in found if one.stored.path in needed or one.stored.time >= before]
    rest = {one.stored for one in found}
    for one in lying:
        if one not in rest:
            assert one.path in needed or one.time >= before or one.asset == "approval"
