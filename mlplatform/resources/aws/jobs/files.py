"""What jobs are given and what they leave, in S3: inputs lie under their sha256 and are written once."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlplatform.container import packed
from mlplatform.container.code import Declared, folder_sha256, write_code
from mlplatform.ml.errors import DamagedSnapshot, MLPlatformError
from mlplatform.resources.aws.clients import Clients, error_code
from mlplatform.resources.aws.refusals import AwsRefused, told
from mlplatform.resources.aws.settings import AwsSettings

_GONE = {"404", "NoSuchKey", "NotFound"}


class UnusableResult(MLPlatformError):
    """What a job left is gone, or is not what a job of this platform leaves."""


class JobFiles:
    """The folders of jobs below the platform's prefix."""

    def __init__(self, clients: Clients, settings: AwsSettings) -> None:
        self._clients, self._settings = clients, settings

    def put(self, folder: str, name: str, content: bytes) -> str:
        """Store `<folder>/<sha256>/<name>` unless it is there; the URI of its folder, with a slash behind."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._put(self._settings.key(folder, sha256, name), content)
        return self._settings.uri(folder, sha256, "")

    def put_code(self, files: Mapping[str, bytes], declared: Declared, scratch: Path) -> tuple[str, str]:
        """Store a use case's files as `code/<sha256>/...`; the folder's URI and its `folder_sha256`."""
        write_code(scratch, files, declared)
        sha256 = folder_sha256(scratch)
        for path in sorted(one for one in scratch.rglob("*") if one.is_file()):
            relative = path.relative_to(scratch).as_posix()
            self._put(self._settings.key("code", sha256, relative), path.read_bytes())
        return self._settings.uri("code", sha256, ""), sha256

    def fetch(self, uri: str, target: Path) -> None:
        """Download one object. UnusableResult where it is gone."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            with told(f"reading {uri}"), target.open("wb") as file:
                body = self._clients.s3.get_object(Bucket=bucket, Key=key)["Body"]
                shutil.copyfileobj(body, file)
        except AwsRefused as error:
            if error.code not in _GONE:
                raise
            raise UnusableResult(f"{uri} is gone.") from error

    def _put(self, key: str, content: bytes) -> None:
        bucket, encryption = self._settings.bucket, encryption_of(self._settings)
        with told(f"storing s3://{bucket}/{key}"):
            if not self._is_there(bucket, key):
                self._clients.s3.put_object(Bucket=bucket, Key=key, Body=content, **encryption)

    def _is_there(self, bucket: str, key: str) -> bool:
        try:
            self._clients.s3.head_object(Bucket=bucket, Key=key)
        except Exception as error:
            if error_code(error) not in _GONE:
                raise
            return False
        return True


def encryption_of(settings: AwsSettings) -> dict[str, Any]:
    """Arguments of a put by which an object is encrypted with the platform's key, if it has one."""
    key = settings["MLPLATFORM_KMS_KEY"]
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model.tar.gz; UnusableResult where it is none."""
    try:
        packed.unpack(archive, folder)
    except DamagedSnapshot as error:
        raise UnusableResult(str(error)) from error
