import shutil
import sys
from pathlib import Path

import pytest

from mlplatform.container.code import DECLARATION, Code, Declared, folder_sha256, write_code

DECLARED = Declared(
    use_case="case",
    raw="contracts:Raw",
    features="contracts:Features",
    build_features="features:build",
    estimator="estimator:build",
    entity="who",
    target="y",
    task="regression",
    seed=3,
    threads=1,
    code_version="c" * 64,
)


def code(folder: Path, **modules: str) -> Code:
    files = {f"{name.replace('__', '/')}.py": text.encode() for name, text in modules.items()}
    write_code(folder, {"__init__.py": b"", **files}, DECLARED)
    return Code(folder)


def test_the_declaration_comes_back(tmp_path: Path) -> None:
    assert code(tmp_path).declared == DECLARED
    assert (tmp_path / DECLARATION).read_bytes() == DECLARED.to_bytes()


def test_what_it_imports_from_elsewhere_is_found_wherever_it_stands(tmp_path: Path) -> None:
    features = "import os.path\nfrom .words import WORD\nfrom mlplatform.ml import hashing\n"
    words = "def word():\n    from lightgbm.sklearn import LGBMClassifier as found\n    return found\n"
    assert code(tmp_path, features=features, words=words).imports == {"os", "lightgbm"}


def test_two_versions_of_one_module_live_in_one_process(tmp_path: Path) -> None:
    one = code(tmp_path / "one", features="def build():\n    return 'one'\n")
    two = code(tmp_path / "two", features="def build():\n    return 'two'\n")
    builds = [version.named("features:build") for version in (one, two, one)]
    assert [build() for build in builds] == ["one", "two", "one"]


def test_relative_imports_stay_within_the_version(tmp_path: Path) -> None:
    features = (
        "from .words import WORD\nfrom .deep.inner import word\n\ndef build():\n    return WORD, word()\n"
    )
    inner = "def word():\n    from ..words import WORD\n    return WORD\n"
    versions = [
        code(
            tmp_path / word,
            features=features,
            words=f"WORD = {word!r}\n",
            deep____init__="",
            deep__inner=inner,
        )
        for word in ("old", "new")
    ]
    assert [one.named("features:build")() for one in versions] == [("old", "old"), ("new", "new")]


def test_the_same_files_elsewhere_go_on_when_the_first_folder_is_gone(tmp_path: Path) -> None:
    modules = {"features": "def build():\n    return 1\n", "estimator": "def build():\n    return 2\n"}
    scratch = code(tmp_path / "scratch", **modules)
    assert scratch.named("features:build")() == 1
    shutil.rmtree(tmp_path / "scratch")
    stored = code(tmp_path / "stored", **modules)
    assert stored.named("estimator:build")() == 2


def test_an_edit_of_the_files_is_another_version(tmp_path: Path) -> None:
    one = code(tmp_path, features="def build():\n    return 1\n")
    assert one.named("features:build")() == 1
    (tmp_path / "features.py").write_text("def build():\n    return 2\n")
    assert one.named("features:build")() == 2


def test_loading_leaves_the_folder_as_it_is_even_where_python_may_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    features = "def build():\n    from .deep.inner import x\n    return x\n"
    one = code(tmp_path, features=features, deep____init__="", deep__inner="x = 1\n")
    before = sorted(tmp_path.rglob("*"))
    assert one.named("features:build")() == 1
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "deep" / "inner.py").write_text("x = 2\n")
    assert one.named("features:build")() == 2


def test_compiled_files_are_no_part_of_the_hash(tmp_path: Path) -> None:
    before = folder_sha256(code(tmp_path, features="x = 1\n").folder)
    (tmp_path / "__pycache__").mkdir(exist_ok=True)
    for name in ("features.cpython-311.pyc", "features.cpython-311.pyc.139942"):
        (tmp_path / "__pycache__" / name).write_bytes(b"compiled")
    assert folder_sha256(tmp_path) == before


def test_every_name_and_byte_is_part_of_the_hash(tmp_path: Path) -> None:
    hashes = {
        folder_sha256(code(tmp_path / str(number), **modules).folder)
        for number, modules in enumerate(
            [{"a": "x"}, {"a": "y"}, {"b": "x"}, {"a": "x", "b": ""}, {"deep__a": "x"}, {"a": "", "b": "x"}]
        )
    }
    assert len(hashes) == 6


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="build"):
        code(tmp_path, features="x = 1\n").named("features:build")
    with pytest.raises(ModuleNotFoundError, match="estimator"):
        Code(tmp_path).named("estimator:build")
