"""What a file of loans and its features look like."""

from datetime import datetime

import pandera.pandas as pa


class RawLoan(pa.DataFrameModel):
    """One loan; `closed` and `reason` are written down when it is over."""

    loan_id: int = pa.Field(unique=True)
    person: int = pa.Field()
    opened: datetime = pa.Field()
    amount: float = pa.Field(ge=0)
    closed: datetime = pa.Field(nullable=True)
    reason: str = pa.Field(nullable=True)
    failed: int = pa.Field(isin=[0, 1])

    class Config:
        coerce = True


class LoanFeatures(pa.DataFrameModel):
    """What a model sees of a loan."""

    amount: float = pa.Field()
    known: float = pa.Field(nullable=True)

    class Config:
        coerce = True
