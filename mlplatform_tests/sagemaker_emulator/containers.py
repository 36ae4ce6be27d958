"""A job's container: a process that finds below its own folder what a container finds in /opt/ml."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from mlplatform_tests.sagemaker_emulator.buckets import credentials
from mlplatform_tests.sagemaker_emulator.processes import Line, Process, found

OPT_ML = "/opt/ml"
OUR_PROGRAM = ["python", "-m", "mlplatform.container"]
FAILING = ["sh", "-c", "echo 'the container fails, as it was asked to' >&2; exit 1"]
# unshare gives the process a view of the file system of its own, in which its folder is mounted at /opt/ml
_MOUNTED = (
    'test -d /opt/ml || { mount -t tmpfs none /opt && mkdir -p /opt/ml; }; mount --bind "$0" /opt/ml && '
    'exec "$@"'
)


def command_of(entrypoint: Sequence[str], arguments: Sequence[str], base: Path) -> list[str]:
    """What is started: the image's own program, which is told its base, unless the request names another.

    Any other program finds its folder at /opt/ml itself, where the kernel lets users have namespaces.
    """
    if list(entrypoint or OUR_PROGRAM) == OUR_PROGRAM:
        return [*OUR_PROGRAM, *arguments, str(base)]
    if not has_namespaces():
        raise OSError(
            "this machine gives users no mount namespaces (`unshare -rm true` fails), so only the "
            "image's own program can run here: name no other entry point"
        )
    return ["unshare", "-rm", "sh", "-c", _MOUNTED, str(base), *found([*entrypoint, *arguments])]


@cache
def has_namespaces() -> bool:
    """Whether a program can be shown a folder at /opt/ml on this machine."""
    try:
        return subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def start(
    entrypoint: Sequence[str],
    arguments: Sequence[str],
    base: Path,
    environment: Mapping[str, str],
    line: Line,
) -> Process:
    """Start a container in its folder, with the credentials of its role; `line` gets what it prints."""
    return Process(command_of(entrypoint, arguments, base), {**credentials(), **environment}, line)
