"""The home folder: Dagster's instance and the platform's files in one place.

`MLPLATFORM_HOME` names it, else `DAGSTER_HOME`, else `.mlplatform` in the working directory. The command line
and the UI look at the same instance because both use this folder as `DAGSTER_HOME`.
"""

from __future__ import annotations

import getpass
import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.held_open import HeldOpen

if TYPE_CHECKING:
    from dagster import DagsterInstance

DEFAULT_HOME = ".mlplatform"
_INSTANCES = {"aws": ("aws", "dagster.yaml")}


def chosen() -> str:
    """Name of the environment that `MLPLATFORM_ENV` chooses."""
    return os.environ.get("MLPLATFORM_ENV") or "local"


def home_folder() -> Path:
    """The absolute path of the home folder; nothing is created."""
    named = os.environ.get("MLPLATFORM_HOME") or os.environ.get("DAGSTER_HOME") or DEFAULT_HOME
    return Path(named).expanduser().absolute()


def prepare_home() -> Path:
    """Create the home folder with Dagster's settings where absent, and make it DAGSTER_HOME."""
    home = home_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name, content in _settings().items():
            _write_once(home / name, content)
    except OSError as error:
        raise WrongUsage(
            f"{home} cannot be the home folder: {error.strerror}. "
            "Set MLPLATFORM_HOME to a folder to write to."
        ) from None
    os.environ["MLPLATFORM_HOME"] = os.environ["DAGSTER_HOME"] = str(home)
    if chosen() == "aws":
        os.environ.setdefault("DAGSTER_PG_PORT", "5432")  # dagster.yaml can name a variable, but no default
        if region := os.environ.get("AWS_REGION"):  # boto3, which Dagster uses, knows the other one alone
            os.environ.setdefault("AWS_DEFAULT_REGION", region)
    return home


def _settings() -> dict[str, bytes]:
    """Dagster's settings files for the chosen environment, by name."""
    packaged = files("mlplatform.resources")
    instance = packaged.joinpath(*_INSTANCES.get(chosen(), ("dagster.yaml",)))
    workspace = packaged.joinpath("workspace.yaml")
    return {"dagster.yaml": instance.read_bytes(), "workspace.yaml": workspace.read_bytes()}


def current_user() -> str:
    """Who is at work: `MLPLATFORM_USER` if it is set, else the user of this process."""
    try:
        return os.environ.get("MLPLATFORM_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return str(os.getuid())


def _write_once(target: Path, content: bytes) -> None:
    """What is there is the user's and stays; another process may be reading, so the file appears whole."""
    if target.exists():
        return
    whole = target.with_name(f".tmp-{uuid4().hex}")
    whole.write_bytes(content)
    with suppress(FileExistsError):
        target.hardlink_to(whole)
    whole.unlink()


def open_instance() -> DagsterInstance:
    """Dagster's instance in the home folder, for runs in this process.

    What a step prints goes to the terminal only: capturing it takes four more processes per run, and they
    would answer Ctrl-C with tracebacks of their own.
    """
    from dagster import DagsterInstance
    from dagster._core.instance import InstanceRef  # the one way to override a setting of dagster.yaml
    from filelock import FileLock

    home = prepare_home()
    with FileLock(home / "instance.lock"):  # the first to come creates the databases
        _hold_open(home)
        return DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=_UNCAPTURED))


_held: list[HeldOpen] = []


def _hold_open(home: Path) -> None:
    """The files of one home at a time."""
    while _held:
        _held.pop().close()
    _held.append(HeldOpen(home))
    _held[0].listen()


_UNCAPTURED = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}
