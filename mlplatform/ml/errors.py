"""What can go wrong for reasons outside the code. A first line says what, where and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One failing case: `row` is the 1-based data row as landed, None where a whole table is meant."""

    rule: str
    column: str | None
    value: str | None
    row: int | None = None


class MLPlatformError(Exception):
    """Base of every error that a user can mend. `exit_code` is what the command line ends with.

    None of these goes away by trying again, so steps that raise one are not retried.
    """

    exit_code = 1


class WrongUsage(MLPlatformError):
    """Something was asked for that does not exist or cannot be named so."""


class UnreadableFile(MLPlatformError):
    """A landed file is no table: missing, empty, wrongly delimited, not UTF-8, ragged."""


class BrokenCode(MLPlatformError):
    """A use case's function does not do what its declaration promises."""


class DamagedSnapshot(MLPlatformError):
    """Stored bytes are missing or are not what their name says. `path` is the stored file or folder."""

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class BlockingCheckFailed(MLPlatformError):
    """A rule that protects what comes after said no; `cases` are its first failing cases."""

    exit_code = 3

    def __init__(self, message: str, cases: Sequence[Case] = ()) -> None:
        super().__init__(message)
        self.cases = tuple(cases)


class ContractBroken(BlockingCheckFailed):
    """A table rule of a contract is broken, so the batch as a whole is refused."""


class NotEnoughData(BlockingCheckFailed):
    """Too few rows or classes to train or to judge."""


class NotApproved(BlockingCheckFailed):
    """A model may not go live: not promoted, not approved, or not what was approved any more."""


class NotFitToServe(BlockingCheckFailed):
    """A model that may go live does not answer in the serving runtime as it should."""
