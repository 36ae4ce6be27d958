"""How the files of a use case spell their values; what a contract says of the values is another matter."""

from __future__ import annotations

import codecs
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class FileFormat(BaseModel):
    """The spelling of a use case's files. The default is what most programs write: commas, UTF-8, points.

    Parquet, JSON lines and gzip are recognised by their content and need nothing declared; of the fields,
    `missing`, `strip_blanks` and `dates` hold for text in them too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    delimiter: Literal[",", ";", "\t", "|"] = Field(default=",", description="what separates two columns")
    encoding: str = Field(default="utf-8", description='of the text, for example "latin-1"')
    decimal: Literal[".", ","] = Field(
        default=".", description="what separates the fraction of a number; the other one is then unreadable"
    )
    missing: tuple[str, ...] = Field(
        default=(), description='words that stand for a missing value, besides nothing at all, such as "NA"'
    )
    strip_blanks: bool = Field(default=False, description="whether blanks around a value mean nothing")
    dates: str | None = Field(
        default=None,
        description='how dates are written, in the directives of strptime, such as "%m/%d/%Y"; ISO if None',
    )

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            return codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"unknown encoding {encoding!r}") from None


PLAIN = FileFormat()
"""Commas, UTF-8, points, ISO dates."""
