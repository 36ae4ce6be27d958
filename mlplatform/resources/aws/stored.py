"""Where a job finds what the snapshot store holds."""

from __future__ import annotations

from typing import Any

from mlplatform.ml.errors import WrongUsage


def uri_of(snapshots: Any, path: str) -> str:
    """The s3:// URI of a snapshot. WrongUsage for a store that is a folder: jobs cannot read from it."""
    if not hasattr(snapshots, "uri"):
        raise WrongUsage(
            f"jobs read snapshots from S3, and {path} lies in a folder of this machine. Use the snapshots of "
            "the environment aws (MLPLATFORM_ENV=aws)."
        )
    return str(snapshots.uri(path))
