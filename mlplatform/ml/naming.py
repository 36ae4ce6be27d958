"""Names of use cases and batches. They become partition keys and paths, so little is allowed in them."""

from __future__ import annotations

import re
from pathlib import PurePath

from mlplatform.ml.errors import WrongUsage

MAX_LENGTH = 100
_PACKED = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet"}
_ALLOWED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def checked_batch_name(name: str) -> str:
    """The name itself, or WrongUsage that says what is allowed.

    Commas and three dots mean something in Dagster's partition selections, slashes and leading dots in paths.
    """
    if _ALLOWED.fullmatch(name) and ".." not in name and len(name) <= MAX_LENGTH:
        return name
    raise WrongUsage(
        f"{name!r} cannot name a batch: use letters, digits, '_', '-' and single dots, "
        f"starting with a letter, a digit or '_', at most {MAX_LENGTH} characters (--batch NAME)."
    )


def batch_name_of(file_name: str) -> str:
    """A batch is named after its file: the stem, with whatever is not allowed replaced by '_'."""
    stem = stem_of(file_name)
    name = re.sub(r"\.{2,}", "_", re.sub(r"[^A-Za-z0-9_.-]", "_", stem)).lstrip(".-")[:MAX_LENGTH]
    return checked_batch_name(name or "batch")


def stem_of(file_name: str) -> str:
    """The name without its ending; of a packed file (`june.csv.gz`), without both of its endings."""
    path = PurePath(file_name)
    if path.suffix.lower() != ".gz":
        return path.stem
    unpacked = PurePath(path.stem)
    return unpacked.stem if unpacked.suffix.lower() in _PACKED else unpacked.name


def checked_use_case_name(name: str) -> str:
    """The name itself, or ValueError: it is part of asset keys, job names and paths."""
    if re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        return name
    raise ValueError(f"{name!r} cannot name a use case: lower-case letters, digits and '_', a letter first")


def endpoint_name(use_case: str) -> str:
    """Name of a use case's endpoint: SageMaker allows no underscore in it."""
    return use_case.replace("_", "-")


def row_ids_prefix(batch: str) -> str:
    """Row ids are this prefix and the 1-based data row, padded so that text order is landing order."""
    return f"{batch}:"


ROW_DIGITS = 9
