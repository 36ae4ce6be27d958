"""What a file of flowers and its features look like."""

import pandera.pandas as pa

SPECIES = ("aster", 'bell, "blue"', "crocus")  # a name that CSV has to quote is among them


class RawFlower(pa.DataFrameModel):
    """One flower."""

    flower_id: int = pa.Field(unique=True)
    length: float = pa.Field(ge=0)
    width: float = pa.Field(ge=0)
    field: str = pa.Field(isin=["north", "south"])
    estimate: float = pa.Field(nullable=True)
    species: str = pa.Field()
    kind: int = pa.Field(isin=[1, 5, 9])
    scented: str = pa.Field(isin=["no", "yes"])
    rare: int = pa.Field(ge=1, le=3)
    alive: bool = pa.Field()
    weight: float = pa.Field(gt=0)

    class Config:
        coerce = True


class FlowerFeatures(pa.DataFrameModel):
    """What a model sees of a flower."""

    length: float = pa.Field()
    width: float = pa.Field()
    length_over_width: float = pa.Field()

    class Config:
        coerce = True
