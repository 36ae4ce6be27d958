"""The names that the files of one new use case share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mlplatform.ml.inference.draft import Draft
from mlplatform.scaffold.names import Feature, attributes, class_name, features_of


@dataclass(frozen=True)
class Plan:
    """A draft with a name."""

    name: str
    draft: Draft

    @property
    def raw(self) -> str:
        """Class of the raw contract."""
        return f"Raw{class_name(self.name)}"

    @property
    def features_contract(self) -> str:
        """Class of the feature contract."""
        return f"{class_name(self.name)}Features"

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """Column of the file -> name of its attribute."""
        return attributes(list(self.draft.table.columns))

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """Numbers first, then categories."""
        return tuple(sorted(features_of(self.draft, self.attributes), key=lambda one: one.nominal))

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns without which a row is of no use."""
        draft = self.draft
        return (
            draft.target.name, draft.entity.column.name, *([draft.time.name] if draft.time else []),
        )  # fmt: skip

    @property
    def unseen(self) -> tuple[str, ...]:
        """Columns that `build_features` never gets."""
        return (self.draft.target.name, *self.draft.parts.after_the_fact)

    @property
    def numeric(self) -> list[str]:
        """Features that are numbers."""
        return [one.name for one in self.features if not one.nominal]

    @property
    def nominal(self) -> list[str]:
        """Features that are categories."""
        return [one.name for one in self.features if one.nominal]
