"""A set is a manifest, not a copy: which snapshots, and the rule that selects rows of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mlplatform.ml.hashing import digest
from mlplatform.ml.splits import EntitySplit, Rule, Side, Split, TimeCut, TimeSplit, days_of

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
    days: tuple[str, ...] = ()
    """The ISO days of all the batch's rows, in order; none where the rule does not ask for time."""


@dataclass(frozen=True)
class SetManifest:
    """A training or validation set. `digest` names it: same snapshots and same rule, same digest."""

    use_case: str
    side: Side
    split: Rule
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
        return digest([self.use_case, self.side, self.split.model_dump(mode="json"), parts])

    def to_json(self) -> dict[str, Any]:
        """The manifest as a JSON document."""
        return {
            "use_case": self.use_case,
            "side": self.side,
            "split": self.split.model_dump(mode="json"),
            "parts": [asdict(part) for part in self.parts],
            "rows": self.rows,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> SetManifest:
        """Back from `to_json`; ValueError where the digest does not fit the content."""
        parts = tuple(Part(**{**part, "days": tuple(part.get("days", ()))}) for part in document["parts"])
        given = document["split"]
        split = TimeCut(**given) if "first_day" in given else EntitySplit(**given)
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
    split: Split,
    versions: Iterable[FeaturesVersion],
    labels_of: Callable[[FeaturesVersion], pd.DataFrame],
    previous: Iterable[SetManifest] = (),
    *,
    classes: bool = True,
) -> dict[Side, SetManifest]:
    """Both sides over these snapshots, batches in the order of their names.

    `labels_of` loads two columns of one snapshot: "target", and "decides", by which the rule decides. It is
    called only for snapshots that the previous manifests do not hold, or that lie on the other side of a
    border that has moved, so one more batch costs that batch (and those that cross over).
    `classes`: count rows per value of the target; not for a regression, whose values are all different.
    """
    ordered = sorted(versions, key=lambda v: v.batch)
    counted = _Counted(labels_of, list(previous), classes)
    if isinstance(split, TimeSplit):
        rule: Rule = split.cut([counted.days(version, split.column) for version in ordered])
    else:
        rule = split
    parts: dict[Side, list[Part]] = {side: [] for side in SIDES}
    for version in ordered:
        both = counted.by(rule, version)
        for side in SIDES:
            parts[side].append(both[side])
    return {side: SetManifest(use_case, side, rule, tuple(parts[side])) for side in SIDES}


class _Counted:
    """What is known of each snapshot: from the previous manifests if they can tell, else by a look."""

    def __init__(
        self,
        labels_of: Callable[[FeaturesVersion], pd.DataFrame],
        previous: list[SetManifest],
        classes: bool,
    ) -> None:
        self._labels_of, self._classes = labels_of, classes
        self._previous = {manifest.side: manifest for manifest in previous}
        self._parts = {
            (part.batch, part.sha256, manifest.side): part for manifest in previous for part in manifest.parts
        }
        self._loaded: dict[FeaturesVersion, pd.DataFrame] = {}

    def days(self, version: FeaturesVersion, column: str) -> tuple[str, ...]:
        """The ISO days of a snapshot's rows by this column; none of a batch without rows."""
        for side, manifest in self._previous.items():
            part = self._parts.get((version.batch, version.sha256, side))
            if part and isinstance(manifest.split, TimeCut) and manifest.split.column == column:
                return part.days
        return tuple(map(str, sorted(set(days_of(self._labels(version)["decides"]).tolist()))))

    def by(self, rule: Rule, version: FeaturesVersion) -> dict[Side, Part]:
        """Both sides' parts of a snapshot."""
        found = {side: self._known(rule, version, side) for side in SIDES}
        # the counts hold, but the same features may come from another validated snapshot by now
        kept = {side: replace(part, path=version.path, validated=version.validated)
                for side, part in found.items() if part}  # fmt: skip
        return kept if len(kept) == len(SIDES) else self._fresh(rule, version)

    def _known(self, rule: Rule, version: FeaturesVersion, side: Side) -> Part | None:
        before = self._previous.get(side)
        part = self._parts.get((version.batch, version.sha256, side))
        if before is None or part is None or not _same_side(before.split, rule, part):
            return None
        if not self._classes:
            return replace(part, classes={})
        uncounted = part.rows and not part.classes  # drawn when the task was a regression
        return None if uncounted else part

    def _fresh(self, rule: Rule, version: FeaturesVersion) -> dict[Side, Part]:
        labels = self._labels(version)
        held_out = rule.held_out(labels["decides"])
        days = self.days(version, rule.column) if isinstance(rule, TimeCut) else ()
        parts: dict[Side, Part] = {}
        for side in SIDES:
            chosen = labels["target"][held_out if side == "validation" else ~held_out]
            values = chosen.value_counts().sort_index() if self._classes else chosen.iloc[:0]
            classes = {str(name): int(rows) for name, rows in values.items()}
            parts[side] = Part(
                version.batch, version.sha256, version.path, version.validated, len(chosen), classes, days
            )
        return parts

    def _labels(self, version: FeaturesVersion) -> pd.DataFrame:
        if version not in self._loaded:
            self._loaded[version] = self._labels_of(version)
        return self._loaded[version]


def _same_side(before: Rule, now: Rule, part: Part) -> bool:
    """Whether a part that was drawn by one rule has the same rows by another."""
    if before == now:
        return True
    if not (isinstance(before, TimeCut) and isinstance(now, TimeCut)) or before.column != now.column:
        return False
    earlier, later = sorted(str(cut.first_day) for cut in (before, now))
    return not any(earlier <= day < later for day in part.days)
