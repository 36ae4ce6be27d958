"""The frozen rows that models are judged on, as each of them sees these rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlplatform.assets.sets import read_manifest
from mlplatform.container.scoring import Model
from mlplatform.container.train import load_set
from mlplatform.lineage.records import Record
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import NotEnoughData
from mlplatform.ml.reading import ROW_ID
from mlplatform.ml.splits import column_of
from mlplatform.ml.targets import labels_of
from mlplatform.resources.snapshots import Snapshots

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class HoldOut:
    """The validation set's n rows: `rows` are the challenger's features and what travels beside them."""

    def __init__(
        self, declaration: Declaration, challenger: Model, validation_set: Record, snapshots: Snapshots
    ) -> None:
        self.declaration, self.challenger, self._snapshots = declaration, challenger, snapshots
        self.manifest = read_manifest(snapshots, validation_set.path)
        self.rows = load_set(self.manifest, snapshots.place, challenger.code.declared)

    @property
    def labels(self) -> "np.ndarray":
        """What is true, shape (n,): text, whole numbers, bools or the numbers of a regression."""
        target = self.rows[self.declaration.target]
        return target.to_numpy(dtype=float) if self.declaration.task == "regression" else labels_of(target)

    def leave_out_what_it_trained_on(self, rival: Model) -> None:
        """After a change of the split rule, keep only rows that were held out for the rival too."""
        digest = rival.manifest["training_set"]
        path = f"{self.declaration.name}/training_set/{digest}.json"
        split = read_manifest(self._snapshots, path).split
        if split != self.manifest.split:
            held_out = split.held_out(self.rows[column_of(split, self.declaration.entity)])
            self._refuse_too_few(rival, int(held_out.sum()))
            self.rows = self.rows[held_out].reset_index(drop=True)

    def _refuse_too_few(self, rival: Model, left: int) -> None:
        """As after batches were withdrawn, when all that is left is what the champion was trained on."""
        name, version = self.declaration.name, rival.manifest["version"]
        needed = min(self.declaration.minimum_rows, len(self.rows))
        if left < needed:
            raise NotEnoughData(
                f"{name}/evaluation: of {len(self.rows):,} held-out rows {left:,} were held out for the "
                f"champion {version} too, at least {needed:,} are needed to compare with it. Land further "
                "data; or, if that model should not count any more: "
                f"mlplatform reject {name} {version} --by WHO --reason WHY."
            )

    def features_for(self, rival: Model) -> "pd.DataFrame":
        """The same rows as the rival sees them: by its own code where that differs."""
        if rival.manifest["code_version"] == self.challenger.manifest["code_version"]:
            return self.rows
        return rival.features_of(self._validated_rows())

    def columns(self, names: Sequence[str]) -> "pd.DataFrame":
        """Columns of the features, or of the raw contract, by name."""
        here = all(name in self.rows for name in names)
        return self.rows[list(names)] if here else self._mixed(names)

    def numbers(self, name: str) -> "np.ndarray":
        """A column of numbers, shape (n,); NotEnoughData where some are missing."""
        column = self.columns([name])[name]
        missing = column.isna()
        if missing.any():
            raise NotEnoughData(
                f"{self.declaration.name}/evaluation: the naive forecast {name!r} is missing in "
                f"{int(missing.sum()):,} of {len(column):,} held-out rows, first in "
                f"{self.rows[ROW_ID][missing.to_numpy()].iloc[0]}. Let the contract refuse rows without it, "
                "or leave naive out of the gate."
            )
        return column.to_numpy(dtype=float)

    def _mixed(self, names: Sequence[str]) -> "pd.DataFrame":
        raw = [name for name in names if name not in self.rows]
        validated = self._validated_rows([ROW_ID, *raw])
        return self.rows.assign(**{name: validated[name] for name in raw})[list(names)]

    def _validated_rows(self, columns: list[str] | None = None) -> "pd.DataFrame":
        import pandas as pd

        frames = [self._snapshots.read_frame(part.validated, columns) for part in self.manifest.parts]
        rows = pd.concat(frames, ignore_index=True).set_index(ROW_ID, drop=False)
        return rows.loc[self.rows[ROW_ID]].reset_index(drop=True)
