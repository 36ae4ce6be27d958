"""What jobs read from S3 and leave there, through the emulator's own S3."""

from __future__ import annotations

import io
import json
import os
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3

REGION = "us-east-1"
_url = ""


def point_at(url: str) -> None:
    """Where the emulator answers."""
    global _url  # noqa: PLW0603 - one emulator per process
    _url = url


def client(service: str, access_key: str = "service") -> Any:
    """A client of the emulator, as whoever runs the jobs has it, unless it is someone else's."""
    return boto3.client(
        service,
        endpoint_url=_url,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key="service",
    )


def credentials() -> dict[str, str]:
    """Variables with which any client of AWS, in any process, finds the emulator and nothing else."""
    return {
        "AWS_ENDPOINT_URL": _url,
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def download(kind: str, uri: str, folder: Path) -> None:
    """Objects of a prefix, or those that a manifest names, as a job finds them below its folder.

    FileNotFoundError for a prefix of nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    bucket, key = split(uri)
    s3 = client("s3")
    if kind == "ManifestFile":
        head, *paths = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        for path in paths:  # all of them below one prefix
            _write(s3, *split(head["prefix"] + path), folder / path)
        return
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
    if not keys:
        raise FileNotFoundError(f'No S3 objects found under S3 URL "{uri}" given in input data source.')
    for found in keys:
        if not found.endswith("/"):  # what consoles make to show a folder
            _write(s3, bucket, found, folder / _below(key, found))


def upload(folder: Path, uri: str) -> None:
    """Every file of a folder, below a prefix."""
    bucket, key = split(uri)
    s3 = client("s3")
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        target = f"{key.rstrip('/')}/{path.relative_to(folder).as_posix()}"
        s3.put_object(Bucket=bucket, Key=target, Body=path.read_bytes())


def upload_file(path: Path, uri: str) -> None:
    """One file; one that is gone meanwhile is left out."""
    bucket, key = split(uri)
    with suppress(FileNotFoundError):
        client("s3").put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def upload_packed(folder: Path, uri: str) -> None:
    """A folder as a tar.gz, with what is in it at the top."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    bucket, key = split(uri)
    client("s3").put_object(Bucket=bucket, Key=key, Body=packed.getvalue())


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of a URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _below(prefix: str, key: str) -> str:
    """Where an object lies below the folder: a prefix is any beginning of a key, not only a folder's name."""
    inside = f"{prefix.rstrip('/')}/" if prefix else ""
    return key.removeprefix(inside if key.startswith(inside) else prefix[: prefix.rfind("/") + 1])


def _write(s3: Any, bucket: str, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
