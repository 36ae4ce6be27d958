"""How the files of a use case spell their values; what a contract says of the values is another matter."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_DIRECTIVES = "YymdbBjaAHIpMSfz%"  # of strptime; the others depend on the language of the machine or say less


class FileFormat(BaseModel):
    """The spelling of a use case's files. The default is what most programs write: commas, UTF-8, points.

    Parquet, JSON lines and gzip are recognised by their content and need nothing declared. Of the fields,
    `missing` and `strip_blanks` hold in them too, `decimal` and `dates` for what they hold as text.
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
            if "a,1\n".encode(encoding).decode(encoding) == "a,1\n":
                return codecs.lookup(encoding).name
        except (LookupError, UnicodeError):
            pass
        raise ValueError(
            f"unknown encoding {encoding!r}; known are utf-8, latin-1, cp1252, utf-16 and others"
        )

    @field_validator("dates")
    @classmethod
    def _tells_the_day(cls, dates: str | None) -> str | None:
        """A format that leaves out the year, or tells no afternoon from a morning, would change dates."""
        if dates is None:
            return None
        unknown = [one for one in re.findall("%(.?)", dates) if one not in _DIRECTIVES]
        if unknown:
            raise ValueError(f"unknown directive %{unknown[0]} in {dates!r}; known: {', '.join(_DIRECTIVES)}")
        moment = datetime(2021, 11, 23, 15, 47, 58, tzinfo=UTC)
        try:
            back = datetime.strptime(moment.strftime(dates), dates)
        except ValueError as error:
            raise ValueError(f"{dates!r} is no format of dates ({error})") from None
        if back.date() != moment.date() or back.hour not in (0, moment.hour):
            raise ValueError(f"{dates!r} leaves open which day it is, or which half of it (%p)")
        return dates


PLAIN = FileFormat()
"""Commas, UTF-8, points, ISO dates."""
