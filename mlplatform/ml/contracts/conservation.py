"""Rows in = rows validated + rows quarantined, told by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def conserved(landed: pa.ChunkedArray, validated: Any, quarantined: Any) -> bool:
    """Whether each landed id stands exactly as often in the two others together, and no further one does.

    The three are columns of text ids in any order, Arrow columns or pandas series. In the order of the file,
    which is what `validate` gives, no ids are sorted.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    ids, kept, aside = (_texts(column) for column in (landed, validated, quarantined))
    if len(ids) != len(kept) + len(aside):
        return False
    is_aside = pc.is_in(ids, value_set=aside)
    left = ids.filter(pc.invert(is_aside)) if len(aside) else ids
    if left.equals(kept) and ids.filter(is_aside).sort().equals(aside.sort()):
        return True
    return bool(ids.sort().equals(pa.concat_arrays([kept, aside]).sort()))


def _texts(column: Any) -> pa.Array:
    import pyarrow as pa

    # of a series itself, Arrow would make Python strings
    array = column if isinstance(column, pa.ChunkedArray) else pa.array(column.array)
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return pa.concat_arrays(
        [pa.array([], pa.large_string()), *(one.cast(pa.large_string()) for one in chunks)]
    )
