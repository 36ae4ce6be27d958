"""The program as a process: started from nothing, or forked from a process that has its libraries loaded.

The first spends two seconds on imports, the second a tenth of that. All else is the same: arguments,
environment, working directory, standard output and error, and how it ends.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

_FORKING = multiprocessing.get_context("forkserver")
_REPOSITORY = Path(__file__).parents[2]
_SECONDS = 300
_starting = Lock()

Ended = tuple[int, str, str]  # exit code, standard output, standard error


def run_fresh(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ended:
    """`mlplatform` with these arguments, in `folder`, as the shell starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "mlplatform", *arguments],
        env=dict(environment),
        cwd=folder,
        capture_output=True,
        check=False,
        text=True,
        timeout=_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def run_forked(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> Ended:
    """The same, forked from a process with everything loaded."""
    _start_server()
    with TemporaryDirectory(prefix="mlplatform-command-") as outputs:
        out, err = Path(outputs) / "out", Path(outputs) / "err"
        process = _FORKING.Process(target=_become, args=(arguments, dict(environment), folder, out, err))
        process.start()
        process.join(_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise AssertionError(f"still running after {_SECONDS} s: {arguments}\n{err.read_text()}")
        return process.exitcode, out.read_text(), err.read_text()


def _start_server() -> None:
    """The process to fork from: one per test worker, gone when that ends."""
    from multiprocessing import forkserver

    from pytest import MonkeyPatch

    path = os.pathsep.join([str(_REPOSITORY), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    with _starting, MonkeyPatch.context() as patch:  # other threads may read the environment meanwhile
        patch.setenv("PYTHONPATH", path)
        _FORKING.set_forkserver_preload(["mlplatform_tests.cli.loaded"])
        forkserver.ensure_running()


def _become(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, out: Path, err: Path
) -> None:
    """In the new process: put the program's surroundings in place, and be it."""
    assert "mlplatform_tests.cli.loaded" in sys.modules, "the libraries were not loaded beforehand"
    for number, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv[:] = ["mlplatform", *arguments]
    from mlplatform.cli.main import start

    start()
