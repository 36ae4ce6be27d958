"""Hashes of bytes and of JSON documents. The hash of a table is in `table_hash`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(document: Any) -> bytes:
    """One byte string per JSON document: sorted keys, no blanks, UTF-8. NaN is refused (ValueError)."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest(document: Any) -> str:
    """Hex sha256 of a document's canonical JSON."""
    return hashlib.sha256(canonical_json(document)).hexdigest()
