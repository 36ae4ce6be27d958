"""The quarantine: rows set aside, each with what it broke, where it came from and what the file said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlplatform.ml.contracts.broken_rules import BrokenRule, marked, texts_at
from mlplatform.ml.reading import ROW_ID

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

QUARANTINE_COLUMNS = (ROW_ID, "source_file", "row", "rule", "column", "value", "broken_rules", "landed")


def quarantine_of(landed: pa.Table, broken: Sequence[BrokenRule], source_file: str) -> pd.DataFrame:
    """One line per row that breaks a rule, in the order of the file; `row` is 1-based.

    Rule, column and value are those of the first rule in `broken`; all of them stand as JSON in
    `broken_rules`, the whole row as JSON in `landed`.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    rows = np.flatnonzero(marked(broken, landed.num_rows))
    reasons: dict[int, list[dict[str, str | None]]] = {row: [] for row in rows.tolist()}
    for one in broken:
        texts = texts_at(landed, one.column, one.rows)
        for row, text in zip(one.rows.tolist(), texts, strict=True):
            reasons[row].append({"rule": one.rule, "column": one.column, "value": text})
    as_landed = landed.take(pa.array(rows, pa.int64()))
    columns = {
        ROW_ID: as_landed.column(ROW_ID).to_pylist(),
        "source_file": [source_file] * len(rows),
        "row": rows + 1,
        **{key: [of_row[0][key] for of_row in reasons.values()] for key in ("rule", "column", "value")},
        "broken_rules": [json.dumps(of_row) for of_row in reasons.values()],
        "landed": [
            json.dumps(row, ensure_ascii=False) for row in as_landed.drop_columns([ROW_ID]).to_pylist()
        ],
    }
    frame = pd.DataFrame(columns, columns=list(QUARANTINE_COLUMNS))
    return frame.astype({name: "int64" if name == "row" else "string" for name in QUARANTINE_COLUMNS})
