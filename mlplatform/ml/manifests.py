"""A set is a manifest, not a copy: which snapshots, and the rule that selects rows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mlplatform.ml.hashing import digest
from mlplatform.ml.splits import EntitySplit, Side

if TYPE_CHECKING:
    import pandas as pd

SIDES: tuple[Side, Side] = ("training", "validation")


@dataclass(frozen=True)
class Part:
    """One batch's share of a set: `rows` of the features snapshot at `path` are on this side.

    `validated` is the snapshot that the features were made from: a model with other feature code starts
    there.
    """

    batch: str
    sha256: str
    path: str
    validated: str
    rows: int
    classes: Mapping[str, int]


@dataclass(frozen=True)
class SetManifest:
    """A training or validation set. `digest` names it: same snapshots and same rule, same digest."""

    use_case: str
    side: Side
    split: EntitySplit
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Rows of the set over all batches."""
        return sum(part.rows for part in self.parts)

    @property
    def classes(self) -> dict[str, int]:
        """Rows per class of the target over all batches, by class name."""
        total: dict[str, int] = {}
        for part in self.parts:
            for name, rows in part.classes.items():
                total[name] = total.get(name, 0) + rows
        return dict(sorted(total.items()))

    @property
    def digest(self) -> str:
        """Hex sha256 over use case, side, rule and (batch, snapshot, rows); where files lie is no part."""
        parts = [[part.batch, part.sha256, part.rows] for part in self.parts]
        return digest([self.use_case, self.side, self.split.model_dump(), parts])

    def to_json(self) -> dict[str, Any]:
        """The manifest as a JSON document."""
        return {
            "use_case": self.use_case,
            "side": self.side,
            "split": self.split.model_dump(),
            "parts": [asdict(part) for part in self.parts],
            "rows": self.rows,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SetManifest:
        """Back from `to_json`; ValueError where the digest does not fit the content."""
        parts = tuple(Part(**part) for part in document["parts"])
        split = EntitySplit(**document["split"])
        manifest = cls(document["use_case"], document["side"], split, parts)
        if manifest.digest != document["digest"]:
            raise ValueError(
                f"manifest says digest {document['digest']}, its content gives {manifest.digest}"
            )
        return manifest


@dataclass(frozen=True)
class FeaturesVersion:
    """A features snapshot that a set may draw from."""

    batch: str
    sha256: str
    path: str
    validated: str


def draw_sets(
    use_case: str,
    split: EntitySplit,
    versions: Iterable[FeaturesVersion],
    labels_of: Callable[[FeaturesVersion], pd.DataFrame],
    previous: Iterable[SetManifest] = (),
    *,
    classes: bool = True,
) -> dict[Side, SetManifest]:
    """Both sides over these snapshots, batches in the order of their names.

    `labels_of` loads entity and target (columns "entity", "target") of one snapshot. It is called only for
    snapshots that the previous manifests do not hold under the same rule, so one more batch costs that batch.
    `classes`: count rows per value of the target; not for a regression, whose values are all different.
    """
    known = {
        (part.batch, part.sha256, manifest.side): part
        for manifest in previous
        if manifest.split == split
        for part in manifest.parts
    }
    parts: dict[Side, list[Part]] = {side: [] for side in SIDES}
    for version in sorted(versions, key=lambda v: v.batch):
        found = [known.get((version.batch, version.sha256, side)) for side in SIDES]
        fresh = _count(version, split, labels_of(version), classes) if None in found else {}
        for side, part in zip(SIDES, found, strict=True):
            # the counts hold, but the same features may come from another validated snapshot by now
            kept = part and replace(part, path=version.path, validated=version.validated)
            parts[side].append(kept or fresh[side])
    return {side: SetManifest(use_case, side, split, tuple(parts[side])) for side in SIDES}


def _count(
    version: FeaturesVersion, split: EntitySplit, labels: pd.DataFrame, count_classes: bool
) -> dict[Side, Part]:
    held_out = split.held_out(labels["entity"].tolist())
    counted: dict[Side, Part] = {}
    for side in SIDES:
        chosen = labels["target"][held_out if side == "validation" else ~held_out]
        values = chosen.value_counts().sort_index() if count_classes else chosen.iloc[:0]
        classes = {str(name): int(rows) for name, rows in values.items()}
        counted[side] = Part(
            version.batch, version.sha256, version.path, version.validated, len(chosen), classes
        )
    return counted
