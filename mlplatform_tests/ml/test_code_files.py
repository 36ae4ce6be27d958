import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlplatform.ml.code_files import files_of
from mlplatform.ml.errors import BrokenCode

NAME = "outer_of_a_case.a_case"
Sources = dict[str, str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an importable package `outer_of_a_case.a_case`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "outer_of_a_case" / "a_case"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder.parent / "__init__.py").write_text("")
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "outer_of_a_case"]:
        del sys.modules[name]


def files(folder: Path, sources: Sources, *entries: str) -> dict[str, bytes]:
    for relative, text in sources.items():
        path = folder / relative
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return files_of(NAME, folder, [f"{NAME}.{entry}" for entry in entries])


def test_the_named_modules_and_what_they_import_come_with_a_model(package: Path) -> None:
    sources = {
        "features.py": "from .words import MISSING\n",
        "words.py": "from . import deep\nMISSING = 1\n",
        "deep/__init__.py": "from .inner import x\n",
        "deep/inner.py": "from ..leaf import x\n",
        "leaf.py": "import json\nx = 1\n",
        "use_case.py": "import dagster\n",
    }
    found = files(package, sources, "features")
    assert set(found) == {"__init__.py", *sources} - {"use_case.py"}
    assert found["words.py"] == sources["words.py"].encode()


@pytest.mark.parametrize(
    ("statement", "advice"),
    [
        (f"from {NAME}.words import x", "from .words import"),
        (f"import {NAME}.words", "from .words import"),
        (f"from {NAME}.deep.inner import x", "from .deep.inner import"),
        (f"from {NAME} import words", "from . import"),
    ],
)
def test_an_import_by_full_name_is_refused_with_the_way_out(
    package: Path, statement: str, advice: str
) -> None:
    sources = {
        "features.py": f"x = 1\n\ndef f():\n    {statement}\n",
        "words.py": "x = 1\n",
        "deep/inner.py": "x = 1",
    }
    with pytest.raises(BrokenCode) as caught:
        files(package, sources, "features")
    assert str(caught.value).startswith(f"{package / 'features.py'}, line 4: imports {NAME}")
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("file", "statement"),
    [("features.py", "from ..other import x"), ("deep/features.py", "from ... import x")],
)
def test_an_import_from_above_the_folder_is_refused(package: Path, file: str, statement: str) -> None:
    (package.parent / "other.py").write_text("x = 1\n")
    with pytest.raises(BrokenCode, match=r"features.py, line 1: imports from above outer_of_a_case.a_case"):
        files(
            package,
            {"deep/__init__.py": "", file: statement + "\n"},
            file.removesuffix(".py").replace("/", "."),
        )


def test_a_name_that_only_begins_alike_is_another_package(package: Path) -> None:
    assert set(files(package, {"features.py": "import outer_of_a_case.a_case_of_others\n"}, "features")) == {
        "__init__.py",
        "features.py",
    }
