"""A new use case's folders, written whole or not at all."""

from __future__ import annotations

import keyword
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.inference.draft import Draft
from mlplatform.ml.naming import checked_use_case_name
from mlplatform.scaffold.contracts import contracts_source
from mlplatform.scaffold.estimator import estimator_source
from mlplatform.scaffold.features import features_source
from mlplatform.scaffold.plan import Plan
from mlplatform.scaffold.tests import tests_sources
from mlplatform.scaffold.use_case import use_case_source


def sources_of(name: str, draft: Draft) -> tuple[dict[str, str], dict[str, str]]:
    """The use case's files and those of its tests: file name -> text."""
    plan = Plan(name, draft)
    files = {
        "__init__.py": f'"""The use case {name}."""\n',
        "contracts.py": contracts_source(plan),
        "features.py": features_source(plan),
        "estimator.py": estimator_source(plan),
        "use_case.py": use_case_source(plan),
    }
    return files, tests_sources(plan)


def refuse_name(root: Path, name: str) -> None:
    """WrongUsage for a name that cannot be, or that is taken, below `root` (which holds mlplatform/)."""
    try:
        checked_use_case_name(name)
    except ValueError as error:
        raise WrongUsage(f"{error}. For example customer_churn.") from None
    if keyword.iskeyword(name):
        raise WrongUsage(f"{name!r} is a word of Python's own and cannot name a folder. Choose another name.")
    there = [str(one) for one in (_use_case(root, name), _tests(root, name)) if one.exists()]
    if there:
        are, them, folders = ("are", "them", "folders") if len(there) > 1 else ("is", "it", "folder")
        raise WrongUsage(
            f"{' and '.join(there)} {are} there already, and nothing in {them} is overwritten. Choose "
            f"another name, or delete the {folders}."
        )


def write_folders(root: Path, name: str, draft: Draft) -> list[Path]:
    """Write the use case below `root`, and its tests where `root` has a folder of tests.

    Returns the paths of the written files. Raises WrongUsage, and leaves nothing behind then.
    """
    refuse_name(root, name)
    files, tests = sources_of(name, draft)
    places = {_use_case(root, name): files}
    if (root / "mlplatform_tests").is_dir():
        places[_tests(root, name)] = tests
    try:
        _move_into_place(root, places)
    except OSError as error:
        raise WrongUsage(
            f"{error.filename or root} cannot be written: {error.strerror}. Nothing was written; check "
            "permissions and free space."
        ) from None
    return [folder / file for folder, texts in places.items() for file in texts]


def _move_into_place(root: Path, places: Mapping[Path, Mapping[str, str]]) -> None:
    scratch = Path(
        tempfile.mkdtemp(prefix=".new_use_case_", dir=root)
    )  # the same disk, so that moves are whole
    moved: list[Path] = []
    try:
        made = []
        for number, (place, texts) in enumerate(places.items()):
            folder = scratch / str(number)
            folder.mkdir()
            for file, text in texts.items():
                (folder / file).write_text(text, encoding="utf-8")
            made.append((folder, place))
        for folder, place in reversed(made):  # the use case last: from then on it is found
            place.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(place)
            moved.append(place)
    except BaseException:
        for place in moved:
            shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _use_case(root: Path, name: str) -> Path:
    return root / "mlplatform" / "defs" / name


def _tests(root: Path, name: str) -> Path:
    return root / "mlplatform_tests" / "defs" / name
