"""Which side of the hold-out a row is on. A rule only, never a stored list of rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    import numpy as np

Side = Literal["training", "validation"]


class EntitySplit(BaseModel):
    """All rows of an entity are on the same side, whichever batch they come with.

    The side depends on the entity's value and the salt alone, so one more batch moves nobody,
    and challenger and champion are always judged on people that neither has seen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation_share: float = Field(default=0.2, gt=0, lt=1, description="share of the entities held out")
    salt: str = Field(default="mlplatform", max_length=64, description="another salt draws another hold-out")

    @field_validator("salt")
    @classmethod
    def _fits_the_hash(cls, salt: str) -> str:
        if len(salt.encode()) > 64:
            raise ValueError("a salt has at most 64 bytes of UTF-8")
        return salt

    def held_out(self, entities: Sequence[object]) -> np.ndarray:
        """True where the entity belongs to the validation set; shape (n,) for n entities.

        7, 7.0 and "7" are one entity. ValueError for a missing one: nobody could say on which side it is.
        """
        import numpy as np
        import pandas as pd

        if pd.isna(np.asarray(entities, dtype=object)).any():
            raise ValueError("a row without an entity has no side; the contract must not let it through")
        key, limit = self.salt.encode(), int(self.validation_share * 2**64).to_bytes(8, "big")

        def below_limit(entity: object) -> bool:
            return blake2b(entity_text(entity).encode(), key=key, digest_size=8).digest() < limit

        sides = {entity: below_limit(entity) for entity in set(entities)}
        return np.fromiter((sides[entity] for entity in entities), dtype=bool, count=len(entities))


def entity_text(entity: object) -> str:
    """The one spelling of an entity: 7, 7.0 and "7" are the same."""
    if isinstance(entity, float) and entity.is_integer():
        entity = int(entity)
    return str(entity)


class TimeSplit(BaseModel):
    """The latest rows are held out, so that no model is trained on what came after it is judged.

    Either the last `validation_batches` batches (by their first day), or the last `validation_share` of the
    days that have rows. The border is a day: a row from that day on is held out, whatever batch it is in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str = Field(description="column of the raw contract that says when a row happened; a datetime")
    validation_batches: int | None = Field(default=None, ge=1, description="how many of the last batches")
    validation_share: float | None = Field(default=None, gt=0, lt=1, description="share of the days")

    @model_validator(mode="after")
    def _one_of_them(self) -> TimeSplit:
        if (self.validation_batches is None) == (self.validation_share is None):
            raise ValueError("TimeSplit needs either validation_batches or validation_share")
        return self

    def cut(self, days_of_batches: Collection[Sequence[str]]) -> TimeCut:
        """The border over these batches, each given as its ISO days in order (none for a batch of no rows).

        With fewer batches or days than are to be held out, everything is.
        """
        days = [batch for batch in days_of_batches if batch]
        if not days:
            return TimeCut(column=self.column, first_day=date.min)
        if self.validation_batches is not None:
            starts = sorted(batch[0] for batch in days)
            first = starts[-min(self.validation_batches, len(starts))]
        else:
            known = sorted({day for batch in days for day in batch})
            first = known[-max(1, math.floor(len(known) * (self.validation_share or 0)))]
        return TimeCut(column=self.column, first_day=date.fromisoformat(first))


class TimeCut(BaseModel):
    """A time split over given batches: rows from `first_day` on are held out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    first_day: date

    def held_out(self, times: Sequence[object]) -> np.ndarray:
        """True where the row is from `first_day` on; shape (n,). Times with a zone count in UTC."""
        import numpy as np

        return np.asarray(days_of(times) >= np.datetime64(self.first_day, "D"))


Split = EntitySplit | TimeSplit
"""What a use case declares."""
Rule = EntitySplit | TimeCut
"""What a drawn set was drawn by."""


def column_of(split: Split | Rule, entity: str) -> str:
    """The column whose values decide about a row's side."""
    return entity if isinstance(split, EntitySplit) else split.column


def days_of(times: Sequence[object]) -> np.ndarray:
    """The UTC days of n times as datetime64[D]. ValueError for a missing one, which has no side.

    A pandas Series is read as a whole, a list one by one.
    """
    import numpy as np
    import pandas as pd

    index = pd.DatetimeIndex(pd.to_datetime(pd.Series(times), utc=True))
    if index.isna().any():
        raise ValueError("a row without a time has no side; the contract must not let it through")
    return np.asarray(index.tz_localize(None), dtype="datetime64[D]")
