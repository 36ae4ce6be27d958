"""Whether everything that the chosen environment needs is there: looked at in one pass, nothing assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["ok", "missing", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `said` is what was found, `way_out` what to do where it is not ok.

    "unknown": it could not be looked at, or nobody may tell us; that alone keeps nothing from working.
    """

    subject: str
    state: State
    said: str
    way_out: str = ""

    def document(self) -> dict[str, str]:
        """As JSON."""
        return asdict(self)


def ok(subject: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(subject, "ok", said)


def missing(subject: str, said: str, way_out: str) -> Finding:
    """It is not there, or is something else than it should be."""
    return Finding(subject, "missing", said, way_out)


def unknown(subject: str, said: str, way_out: str = "") -> Finding:
    """It cannot be told from here."""
    return Finding(subject, "unknown", said, way_out)


def examine() -> Iterator[Finding]:
    """Findings about the chosen environment, each as soon as it is there."""
    from mlplatform.resources.doctor.machine import machine_findings
    from mlplatform.resources.environment import ENVIRONMENTS
    from mlplatform.resources.home import chosen

    name = chosen()
    if name not in ENVIRONMENTS:
        choice = f"Set MLPLATFORM_ENV to one of: {', '.join(ENVIRONMENTS)}."
        yield missing("environment", f"MLPLATFORM_ENV={name!r} is no environment", choice)
        return
    yield ok("environment", name)
    yield from machine_findings(name)
    if name == "aws":
        from mlplatform.resources.doctor.account import account_findings

        yield from account_findings()
