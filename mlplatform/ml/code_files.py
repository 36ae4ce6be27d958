"""Which files of a use case a model takes with it, and whether they can stand alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from mlplatform.ml.code_version import modules_of
from mlplatform.ml.errors import BrokenCode


def files_of(package: str, folder: Path, modules: Iterable[str]) -> dict[str, bytes]:
    """The named modules and what they import from the package: path relative to `folder` -> bytes.

    Raises BrokenCode for an import that would reach back into the working tree once the files are copied.
    """
    files: dict[str, bytes] = {}
    for name in modules_of(modules, (package,)):
        relative = Path(*name.removeprefix(package).lstrip(".").split("."))
        path = folder / relative / "__init__.py"
        if not path.exists():
            path = (folder / relative).with_suffix(".py")
        content = path.read_bytes()
        inside = path.relative_to(folder)
        _refuse_imports_from_outside(package, path, content, depth=len(inside.parts))
        files[inside.as_posix()] = content
    return files


def _refuse_imports_from_outside(package: str, path: Path, content: bytes, depth: int) -> None:
    for node in ast.walk(ast.parse(content)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name == package or name.startswith(package + "."):
                line = node.lineno  # type: ignore[attr-defined]
                relative = name.removeprefix(package).lstrip(".")
                raise BrokenCode(
                    f"{path}, line {line}: imports {name}. Write `from .{relative} import ...`, "
                    "so that a model's own copy of this file uses its own copy of that one."
                )
        if isinstance(node, ast.ImportFrom) and node.level > depth:
            raise BrokenCode(
                f"{path}, line {node.lineno}: imports from above {package}, which a model's own copy of this "
                "file does not have. Move what it needs into the use case's folder."
            )
