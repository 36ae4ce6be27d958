"""Which files of a landing folder are dealt with: kept beside the cursor, in the instance's own storage.

Dagster writes the cursor into the history of every tick, thousands a day, so what grows with the number of
files does not belong there. Losing this loses nothing: the files are read again and found to have landed.
"""

import json
from collections.abc import Mapping

import dagster as dg

from mlplatform.ml.landing import Settled, settled_of, settled_rows


def recall(instance: dg.DagsterInstance, use_case: str) -> dict[str, Settled]:
    """The files by name; none where what is stored cannot be understood."""
    key = _key(use_case)
    try:
        return settled_of(json.loads(instance.daemon_cursor_storage.get_cursor_values({key}).get(key, "{}")))
    except (ValueError, TypeError, AttributeError):
        return {}


def remember(instance: dg.DagsterInstance, use_case: str, settled: Mapping[str, Settled]) -> None:
    """Store these in place of those before."""
    text = json.dumps(settled_rows(settled), separators=(",", ":"))
    instance.daemon_cursor_storage.set_cursor_values({_key(use_case): text})


def _key(use_case: str) -> str:
    return f"mlplatform/settled_files/{use_case}"
