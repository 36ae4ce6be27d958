"""Objects below the platform's prefix in its bucket. A put is one request: an object is whole or absent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlplatform.resources.aws.clients import Clients, clients
from mlplatform.resources.aws.refusals import AwsRefused, told
from mlplatform.resources.aws.settings import AwsSettings, aws_settings
from mlplatform.resources.snapshots import whole_file

_MOST_BYTES = 5 * 1024**3
_GONE = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class Found:
    """An object as it is listed: `path` below the folder, size in bytes, seconds since the epoch."""

    path: str
    bytes: int
    time: float


class Objects:
    """One folder below the prefix, such as `snapshots`. The settings are the environment's.

    What S3 refuses is an AwsRefused that names the object, what may pass an OSError.
    """

    def __init__(self, folder: str, settings: AwsSettings | None = None) -> None:
        self._folder, self._settings = folder, settings or aws_settings()
        self._clients: Clients = clients(self._settings.region)

    def uri(self, path: str) -> str:
        """s3://bucket/prefix/folder/path."""
        return self._settings.uri(self._folder, path)

    def written(self, path: str) -> float | None:
        """When an object was written, in seconds since the epoch; None where there is none."""
        try:
            with told(f"looking at {self.uri(path)}"):
                found = self._clients.s3.head_object(Bucket=self._settings.bucket, Key=self._key(path))
        except AwsRefused as error:
            if error.code in _GONE:
                return None
            raise
        return float(found["LastModified"].timestamp())

    def put(self, path: str, content: Path | bytes) -> None:
        """Store bytes, or those of a file; AwsRefused for more than S3 takes in one request."""
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        if size > _MOST_BYTES:
            raise AwsRefused(
                f"storing {self.uri(path)}: {size:,} bytes, and S3 takes {_MOST_BYTES:,} in one request, "
                "which keeps an object whole or absent. Land the rows in smaller files."
            )
        with (
            told(f"storing {self.uri(path)}"),
            nullcontext(content) if isinstance(content, bytes) else content.open("rb") as body,
        ):
            self._clients.s3.put_object(
                Bucket=self._settings.bucket, Key=self._key(path), Body=body, **self._encryption
            )

    def put_once(self, path: str, content: bytes) -> None:
        """Store bytes under a name that stands for them, unless they are there."""
        if self.written(path) is None:
            self.put(path, content)

    def fetch(self, path: str, target: Path) -> bool:
        """Write an object's bytes to a file, which appears whole; False, and no file, where there is none."""
        try:
            with told(f"reading {self.uri(path)}"), whole_file(target) as file:
                found = self._clients.s3.get_object(Bucket=self._settings.bucket, Key=self._key(path))
                with file.open("wb") as opened:
                    shutil.copyfileobj(found["Body"], opened)
        except AwsRefused as error:
            if error.code in _GONE:
                return False
            raise
        return True

    def copy(self, path: str, target: str) -> None:
        """Store an object under a second name, or under its own once more: it is new then."""
        source = {"Bucket": self._settings.bucket, "Key": self._key(path)}
        with told(f"copying {self.uri(path)} to {self.uri(target)}"):
            self._clients.s3.copy_object(
                Bucket=self._settings.bucket,
                Key=self._key(target),
                CopySource=source,
                MetadataDirective="REPLACE",  # S3 refuses to copy an object onto itself unchanged
                **self._encryption,
            )

    def delete(self, path: str) -> None:
        """Delete an object; nothing happens where there is none."""
        with told(f"deleting {self.uri(path)}"):
            self._clients.s3.delete_object(Bucket=self._settings.bucket, Key=self._key(path))

    def listed(self, prefix: str) -> Iterator[Found]:
        """Every object whose path begins so, in the order of paths."""
        begin = self._key("")
        with told(f"listing {self.uri(prefix)}"):
            pages = self._clients.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._settings.bucket, Prefix=self._key(prefix)
            )
            for page in pages:
                for one in page.get("Contents", ()):
                    time = float(one["LastModified"].timestamp())
                    yield Found(str(one["Key"]).removeprefix(begin), int(one["Size"]), time)

    def folders(self, prefix: str) -> list[str]:
        """Names of the folders right below a folder, whose path ends in "/"; none where there is none."""
        begin = self._key(prefix)
        with told(f"listing {self.uri(prefix)}"):
            pages = self._clients.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._settings.bucket, Prefix=begin, Delimiter="/"
            )
            found = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
        return [one.removeprefix(begin).rstrip("/") for one in found]

    def _key(self, path: str) -> str:
        return self._settings.key(self._folder, path)

    @property
    def _encryption(self) -> dict[str, Any]:
        """Arguments by which what is written is encrypted with the platform's key, if it has one."""
        key = self._settings["MLPLATFORM_KMS_KEY"]
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
