"""A folder as one file: a tar.gz whose bytes depend on the files alone."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from mlplatform.ml.errors import DamagedSnapshot


def pack(folder: Path, archive: Path) -> None:
    """Write every file of a folder to `archive`: sorted by name, without owners and times.

    Compiled Python is left out, as it is from a model's code hash.
    """
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            content = path.read_bytes()
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack to `folder`, which is made: plain files and folders below it, DamagedSnapshot for all else."""
    folder.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
                    raise DamagedSnapshot(
                        f"{archive.name} holds {member.name!r}, which is no file of a model."
                    )
            for member in members:
                _write(tar, member, folder / member.name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DamagedSnapshot(f"{archive.name} cannot be unpacked: {error}.") from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """The content alone, without owner, mode and times: `extractall` is safe from Python 3.11.4 on only."""
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    if content is not None:
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)
