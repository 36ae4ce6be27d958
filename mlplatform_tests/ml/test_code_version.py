"""The version of a step's code: what must not change it, what must, and how far it reaches."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlplatform.ml.code_version import UnreadableSource, code_version, modules_of

Write = Callable[[dict[str, str]], Path]

SOURCES = {
    "shop/__init__.py": "",
    "shop/core/__init__.py": "",
    "shop/core/maths.py": "def double(x):\n    return 2 * x\n",
    "shop/core/unused.py": "x = 1\n",
    "shop/other/__init__.py": "",
    "shop/other/tools.py": "y = 1\n",
    "shop/uses/__init__.py": "",
    "shop/uses/fruit/__init__.py": "",
    "shop/uses/fruit/contracts.py": "LIMIT = 3\n",
    "shop/uses/fruit/features.py": (
        "import shop.other.tools\n"
        "from shop.core.maths import double\n"
        "from .contracts import LIMIT\n"
        "\n"
        "def build(frame):\n"
        "    return double(frame) + LIMIT\n"
    ),
    "shop/uses/wood/__init__.py": "",
    "shop/uses/wood/features.py": "from shop.core import maths\n",
}
PREFIXES = ("shop.core", "shop.uses.fruit")
ENTRY = ["shop.uses.fruit.features"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_files(files: dict[str, str]) -> Path:
        for name, source in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return tmp_path / "shop"

    return write_files


def version(shop: Path, entries: list[str] = ENTRY, prefixes: tuple[str, ...] = PREFIXES) -> str:
    return code_version(entries, prefixes, {"shop": shop})


def reach(shop: Path, entries: list[str] = ENTRY, prefixes: tuple[str, ...] = PREFIXES) -> list[str]:
    return modules_of(entries, prefixes, {"shop": shop})


def test_covers_what_is_imported_within_the_prefixes(write: Write) -> None:
    assert reach(write(SOURCES)) == [
        "shop.core",
        "shop.core.maths",
        "shop.uses.fruit",
        "shop.uses.fruit.contracts",
        "shop.uses.fruit.features",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "# a comment\ndef double(x):\n    return 2 * x  # twice\n",
        '"""A module."""\n\ndef double(x):\n    """Twice."""\n    return 2 * x\n',
        "def double( x ):\n\n        return (2\n            * x)\n",
        "def double(x): return 2*x",
        "def double(x):\r\n    return 2 * x\r\n",
        "\ufeffdef double(x):\n    return 2 * x\n",
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(write: Write, source: str) -> None:
    before = version(write(SOURCES))
    assert version(write({"shop/core/maths.py": source})) == before


def test_docstrings_everywhere_do_not_count(write: Write) -> None:
    bare = "class A:\n    x = 1\n    def f(self):\n        pass\nasync def g():\n    pass\n"
    told = (
        '"""M."""\nclass A:\n    """A."""\n    x = 1\n    """x."""\n    def f(self):\n        """F."""\n'
        'async def g():\n    """G."""\n'
    )
    before = version(write(SOURCES | {"shop/core/maths.py": bare}))
    assert version(write({"shop/core/maths.py": told})) == before
    before = version(write({"shop/core/__init__.py": ""}))
    assert version(write({"shop/core/__init__.py": '"""The core."""\n'})) == before


@pytest.mark.parametrize(
    ("name", "source", "counts"),
    [
        ("shop/core/maths.py", "def double(x):\n    return x + x\n", True),
        ("shop/core/maths.py", "def double(x):\n    'Twice.'.upper()\n    return 2 * x\n", True),
        ("shop/core/maths.py", "def double(x):\n    return 2.0 * x\n", True),
        ("shop/core/__init__.py", "import warnings\n", True),
        ("shop/uses/fruit/contracts.py", "LIMIT = 4\n", True),
        ("shop/uses/fruit/features.py", "from .contracts import LIMIT\n", True),
        ("shop/__init__.py", "x = 1\n", False),
        ("shop/core/unused.py", "x = 2\n", False),
        ("shop/other/tools.py", "y = 2\n", False),
        ("shop/uses/wood/features.py", "z = 2\n", False),
    ],
)
def test_changes_count_where_the_step_reaches(write: Write, name: str, source: str, counts: bool) -> None:
    before = version(write(SOURCES))
    assert (version(write({name: source})) != before) == counts


def test_one_use_case_leaves_the_other_alone(write: Write) -> None:
    wood = (["shop.uses.wood.features"], ("shop.core", "shop.uses.wood"))
    shop = write(SOURCES)
    before = (version(shop), version(shop, *wood))
    write({"shop/uses/fruit/contracts.py": "LIMIT = 5\n"})
    assert version(shop) != before[0]
    assert version(shop, *wood) == before[1]
    write({"shop/core/maths.py": "def double(x):\n    return x << 1\n"})
    assert version(shop, *wood) != before[1]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("import shop.core.a", {"shop.core.a"}),
        ("import shop.core.b as b, shop.core.a", {"shop.core.a", "shop.core.b"}),
        ("from shop.core import a, name", {"shop.core.a"}),
        ("from shop.core.b import thing", {"shop.core.b"}),
        ("from . import a", {"shop.core.a"}),
        ("from .b import *", {"shop.core.b"}),
        ("from .deep import c", {"shop.core.deep", "shop.core.deep.c"}),
        ("from .deep.c import thing", {"shop.core.deep", "shop.core.deep.c"}),
        ("from .. import core", set()),
        ("from ..core.a import thing", {"shop.core.a"}),
        ("from ..other import tools", set()),
        ("def f():\n    def g():\n        from . import a", {"shop.core.a"}),
        ("class A:\n    if x:\n        pass\n    else:\n        from . import a", {"shop.core.a"}),
        (
            "try:\n    import q\nexcept ImportError:\n    from . import a\nfinally:\n    from . import b",
            {"shop.core.a", "shop.core.b"},
        ),
        ("match x:\n    case 1:\n        from . import a", {"shop.core.a"}),
        ("for x in y:\n    with z:\n        from . import a", {"shop.core.a"}),
        ("import json, numpy.linalg, shopping.core", set()),
    ],
)
def test_finds_every_way_to_import(write: Write, statement: str, found: set[str]) -> None:
    shop = write(
        {
            "shop/core/__init__.py": "",
            "shop/core/a.py": "",
            "shop/core/b.py": "",
            "shop/core/deep/c.py": "from ..b import thing\n" if "b" in found else "",
            "shop/other/tools.py": "",
            "shop/core/entry.py": statement + "\n",
        }
    )
    expected = {"shop.core", "shop.core.entry"} | found - {"shop.core.deep"}  # a folder without __init__.py
    assert set(reach(shop, ["shop.core.entry"], ("shop.core",))) == expected


def test_a_packages_own_relative_import(write: Write) -> None:
    shop = write(
        {
            "shop/core/__init__.py": "from . import a\nfrom .b import x\n",
            "shop/core/a.py": "",
            "shop/core/b.py": "from .. import core\n",
        }
    )
    assert reach(shop, ["shop.core"], ("shop",)) == ["shop.core", "shop.core.a", "shop.core.b"]


def test_cycles_end(write: Write) -> None:
    shop = write({"shop/core/a.py": "from . import b\n", "shop/core/b.py": "import shop.core.a\nx = 1\n"})
    assert reach(shop, ["shop.core.a"]) == reach(shop, ["shop.core.b"]) == ["shop.core.a", "shop.core.b"]
    before = version(shop, ["shop.core.a"])
    write({"shop/core/b.py": "import shop.core.a\nx = 2\n"})
    assert version(shop, ["shop.core.a"]) != before


def test_swapped_and_added_modules_count(write: Write) -> None:
    shop = write({"shop/core/a.py": "x = 1\n", "shop/core/b.py": "x = 2\n"})
    entries = ["shop.core.a", "shop.core.b"]
    before = version(shop, entries)
    assert version(shop, entries[::-1]) == before
    assert version(shop, entries[:1]) != before
    write({"shop/core/a.py": "x = 2\n", "shop/core/b.py": "x = 1\n"})
    assert version(shop, entries) != before


def test_where_the_files_lie_does_not_count(write: Write, tmp_path: Path) -> None:
    shop = write(SOURCES)
    copy = tmp_path / "stored" / "code"
    for file in (shop / "uses" / "fruit").glob("*.py"):
        copy.mkdir(parents=True, exist_ok=True)
        (copy / file.name).write_bytes(file.read_bytes())
    stored = code_version(ENTRY, PREFIXES, {"shop": shop, "shop.uses.fruit": copy})
    assert stored == version(shop)
    (copy / "contracts.py").write_text("LIMIT = 9\n")
    assert code_version(ENTRY, PREFIXES, {"shop": shop, "shop.uses.fruit": copy}) != stored


def test_finds_packages_as_python_does_and_imports_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = write(
        {
            "code_version_probe/__init__.py": "raise SystemExit\n",
            "code_version_probe/a.py": "1 / 0\n",
            "code_version_single.py": "1 / 0\n",
        }
    ).parent
    monkeypatch.syspath_prepend(str(tmp_path))
    expected = ["code_version_probe", "code_version_probe.a"]
    assert modules_of(["code_version_probe.a"], ["code_version_probe"]) == expected
    folders = {"code_version_probe": shop / "code_version_probe"}
    assert code_version(expected, expected) == code_version(expected, expected, folders)
    assert modules_of(["code_version_single"], ["code_version_single"]) == ["code_version_single"]
    assert not any(name.startswith("code_version_") for name in sys.modules)


def test_an_edit_within_one_process_is_seen(write: Write) -> None:
    shop = write(SOURCES)
    versions = set()
    for number in range(10, 15):
        write({"shop/uses/fruit/contracts.py": f"LIMIT = {number}" + " " * number})
        versions.add(version(shop))
    assert len(versions) == 5


def test_what_is_missing_or_broken_is_named(write: Write) -> None:
    shop = write(SOURCES | {"shop/core/maths.py": "x = 1\n\nfrom shop.core.gone import y\n"})
    with pytest.raises(UnreadableSource, match=r"module 'shop\.core\.gone' does not exist.*maths\.py:3$"):
        version(shop)
    write({"shop/core/maths.py": "x = 1\ny = (\n"})
    with pytest.raises(UnreadableSource, match=r"maths\.py:2: not Python: .*never closed"):
        version(shop)
    write({"shop/core/maths.py": "\n\nfrom ....far import x\n"})
    with pytest.raises(UnreadableSource, match=r"maths\.py:3: a relative import leaves"):
        version(shop)
    (shop / "core" / "maths.py").write_bytes(b"x = '\xff'\n")
    with pytest.raises(UnreadableSource, match=r"maths\.py:\d+: not Python"):
        version(shop)
    with pytest.raises(UnreadableSource, match=r"'shop\.core\.none' does not exist; it is named by an entry"):
        version(shop, ["shop.core.none"])
    with pytest.raises(ValueError, match=r"entry 'shop\.other\.tools' lies in none of the prefixes"):
        version(shop, ["shop.other.tools"])
    with pytest.raises(UnreadableSource, match=r"'no_such_package\.a' does not exist"):
        code_version(["no_such_package.a"], ["no_such_package"])
