"""What holds for the columns of every landed file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlplatform.ml.errors import UnreadableFile

if TYPE_CHECKING:
    import pyarrow as pa

ROW_ID = "row_id"


def refuse_names(names: Iterable[str], where: str) -> None:
    """UnreadableFile for a column without a name of its own; `where` begins the message."""
    seen: set[str] = set()
    for name in names:
        if not name.strip() or name in seen:
            what = "a column without a name" if not name.strip() else f"column {name!r} stands twice"
            raise UnreadableFile(f"{where}: {what}. Give every column a name of its own.")
        if not is_storable(name):
            raise UnreadableFile(f"{where}: the name {name!r} is no Unicode text. Rename that column.")
        seen.add(name)
    if ROW_ID in seen:
        raise UnreadableFile(f"{where}: a column is called '{ROW_ID}', which is reserved. Rename it.")


def is_storable(text: str) -> bool:
    """Whether it is Unicode text without zero characters, which databases and CSV readers end a text at."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def iso(times: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Arrow timestamps, dates or times as ISO text in the fewest digits; a zone becomes UTC ("Z")."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = getattr(times.type, "tz", None)
    if zone is not None:
        times = times.cast(pa.timestamp(times.type.unit))
    text = times.cast(pa.string())
    for pattern, short in (" ", "T"), (r"(\.[0-9]*?)0+$", r"\1"), (r"\.$", ""):
        text = pc.replace_substring_regex(text, pattern, short)
    return text if zone is None else pc.binary_join_element_wise(text, "Z", "")
