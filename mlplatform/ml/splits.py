"""Which side of the hold-out a row is on. A rule only, never a stored list of rows."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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
            if isinstance(entity, float) and entity.is_integer():
                entity = int(entity)
            return blake2b(str(entity).encode(), key=key, digest_size=8).digest() < limit

        sides = {entity: below_limit(entity) for entity in set(entities)}
        return np.fromiter((sides[entity] for entity in entities), dtype=bool, count=len(entities))
