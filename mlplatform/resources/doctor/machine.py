"""What this machine has: the home folder, Dagster's settings and records, packages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from mlplatform.ml.errors import MLPlatformError
from mlplatform.resources.doctor import Finding, missing, ok, unknown
from mlplatform.resources.home import home_folder, prepare_home

_ENOUGH_BYTES = 2 * 1024**3
_PACKAGES = ("boto3", "dagster_aws", "dagster_postgres", "psycopg2", "sagemaker")


def machine_findings(environment: str) -> Iterator[Finding]:
    """In the order in which one depends on the other."""
    try:
        home = prepare_home()
    except MLPlatformError as error:
        yield missing("home", str(error), "Set MLPLATFORM_HOME to a folder to write to.")
        return
    yield ok("home", str(home_folder()))
    yield _room(home)
    lacking = [] if environment == "local" else [one for one in _PACKAGES if find_spec(one) is None]
    if environment != "local":
        yield _packages(lacking)
    fits = _settings_file(home, environment)
    yield fits
    if fits.state == "ok" and not lacking:
        yield _records(environment)
    yield _serving_runtime()


def _room(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    said = f"{free / 1024**3:,.1f} GB free"
    return (
        ok("disk", said)
        if free >= _ENOUGH_BYTES
        else missing("disk", said, "Free some space: mlplatform gc shows old versions.")
    )


def _packages(lacking: list[str]) -> Finding:
    if lacking:
        way_out = "Install the extra: pip install --require-hashes -r requirements/aws.lock."
        return missing("packages", f"not installed: {', '.join(lacking)}", way_out)
    return ok("packages", ", ".join(_PACKAGES))


def _settings_file(home: Path, environment: str) -> Finding:
    """A home keeps the settings with which it was made: one made locally keeps its records to itself."""
    file = home / "dagster.yaml"
    in_postgres = re.search(r"^\s*postgres\s*:", file.read_text(encoding="utf-8"), re.MULTILINE) is not None
    if environment == "aws" and not in_postgres:
        return missing(
            "dagster.yaml",
            f"{file} keeps records on this machine, where other machines and the daemon do not see them",
            f"Delete {file}, or set MLPLATFORM_HOME to a new folder: the next command writes the right one.",
        )
    return ok("dagster.yaml", f"{file}: records in {'PostgreSQL' if in_postgres else 'this folder'}")


def _records(environment: str) -> Finding:
    from mlplatform.resources.home import open_instance

    try:
        with open_instance() as instance:
            instance.get_runs(limit=1)
    except Exception as error:  # whatever a driver or Dagster raises
        said = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        way_out = (
            "Check DAGSTER_PG_HOST, _PORT, _USER, _PASSWORD and _DB, and who the server lets in."
            if environment == "aws"
            else "Check free space and permissions of the home folder."
        )
        return missing("records", f"Dagster's records cannot be read: {said}", way_out)
    return ok("records", "Dagster's records can be read")


def _serving_runtime() -> Finding:
    if find_spec("onnxruntime") is None:
        said = "onnxruntime is not installed: scikit-learn answers, which is slower"
        return unknown("serving runtime", said, "Install the extra onnx to serve with ONNX Runtime.")
    return ok("serving runtime", "ONNX Runtime")
