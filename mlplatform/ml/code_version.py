"""The version of a step's code: a hash of what the code says, not of how it is written down.

Modules are found and read as text; nothing is imported. Imports that are computed at run time
(`importlib.import_module(name)`, "module:function" strings) cannot be seen: name such modules as entries too.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from mlplatform.ml.errors import MLPlatformError


class UnreadableSource(MLPlatformError, ValueError):
    """A module cannot be found or is not Python; the message names file and line."""


def code_version(
    entries: Iterable[str], prefixes: Iterable[str], folders: Mapping[str, Path] | None = None
) -> str:
    """Hex sha256 of the canonical source of `entries` and of all they import, as far as `prefixes` reach.

    `entries`: dotted names of the modules a step starts from. `prefixes`: packages (or modules) whose code
    belongs to the step, such as "mlplatform.ml" and "mlplatform.defs.job_change"; what is imported from
    elsewhere belongs to the environment. `folders` maps a dotted name to the folder (or the .py file) that
    holds it, for code that is not on `sys.path` or lies twice, such as the `code/` of a stored model;
    the longest name wins, and other modules are found where Python would find their top-level package.

    Comments, formatting, docstrings and where the files lie do not count. Everything else does, also the
    module's dotted name: swapping the content of two modules is a change. Imports count wherever they stand,
    in functions, below `if TYPE_CHECKING` and in `try`. The hash is of the lines `<name> <sha256 of the
    canonical source>`, sorted; the canonical source is that of `ast.unparse`, which a new version of Python
    can change, though it seldom does.

    Raises `UnreadableSource` for a module within the prefixes that is missing (naming the file and line that
    import it) or is no Python (naming file and line), `ValueError` for an entry outside the prefixes.
    """
    modules = _reach(entries, prefixes, folders or {})
    lines = [f"{name} {module.digest}\n" for name, module in sorted(modules.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def modules_of(
    entries: Iterable[str], prefixes: Iterable[str], folders: Mapping[str, Path] | None = None
) -> list[str]:
    """The dotted names of the modules that `code_version` covers, sorted; same arguments and errors."""
    return sorted(_reach(entries, prefixes, folders or {}))


def imported_modules(paths: Iterable[Path]) -> set[str]:
    """The top-level modules that these files import from elsewhere, anywhere in them; UnreadableSource."""
    found: set[str] = set()
    for path in paths:
        stat = path.stat()
        imports = _read(str(path), stat.st_mtime_ns, stat.st_size).imports
        found.update(one.name.partition(".")[0] for one in imports if not one.level)
    return found


@dataclass(frozen=True)
class _Import:
    """One name an import statement mentions. `optional`: it may as well be no module but a name in one."""

    name: str
    level: int
    line: int
    optional: bool


@dataclass(frozen=True)
class _Module:
    digest: str
    imports: tuple[_Import, ...]


def _reach(
    entries: Iterable[str], prefixes: Iterable[str], folders: Mapping[str, Path]
) -> dict[str, _Module]:
    """Every module reached from the entries without leaving the prefixes, by dotted name."""
    within = tuple(prefixes)
    reached: dict[str, _Module] = {}
    seen: set[str] = set()
    waiting: list[tuple[str, str | None]] = []  # module, who needs it (None: need not exist)
    for entry in entries:
        if not _inside(entry, within):
            raise ValueError(f"entry {entry!r} lies in none of the prefixes {list(within)}")
        waiting.append((entry, "an entry"))
    while waiting:
        name, needed_by = waiting.pop()
        if name in seen or not _inside(name, within):
            continue
        path = _source(name, folders)
        if path is None and needed_by is None:
            continue  # `from package import name`, where the name is no module
        seen.add(name)
        if path is None:
            raise UnreadableSource(f"module {name!r} does not exist; it is named by {needed_by}")
        waiting.append((name.rpartition(".")[0], needed_by))  # importing a module runs its packages first
        if path.is_dir():
            continue  # a package without __init__.py has no code of its own
        stat = path.stat()
        module = reached[name] = _read(str(path), stat.st_mtime_ns, stat.st_size)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for mention in module.imports:
            target = _absolute(mention, package, path)
            waiting.append((target, None if mention.optional else f"{path}:{mention.line}"))
    return reached


def _inside(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def _absolute(mention: _Import, package: str, path: Path) -> str:
    """The dotted name an import means in a module of `package`; `package` is empty at the top level."""
    if not mention.level:
        return mention.name
    parts = package.split(".") if package else []
    if mention.level > len(parts):
        raise UnreadableSource(f"{path}:{mention.line}: a relative import leaves the top-level package")
    return ".".join([*parts[: len(parts) - mention.level + 1], *filter(None, [mention.name])])


def _source(name: str, folders: Mapping[str, Path]) -> Path | None:
    """The file of a module, the folder of a package without `__init__.py`, or None."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        root = folders.get(".".join(parts[:length]))
        if root is not None:
            return _below([root], parts[length:])
    return _below(_top_level(parts[0]), parts[1:])


def _below(roots: Iterable[Path], parts: list[str]) -> Path | None:
    namespace = None
    for root in roots:
        path = root.joinpath(*parts)
        module = path if path.suffix == ".py" else path.with_name(f"{path.name}.py")
        for candidate in (path / "__init__.py", module):
            if candidate.is_file():
                return candidate
        if namespace is None and path.is_dir():
            namespace = path
    return namespace


def _top_level(name: str) -> list[Path]:
    """Where Python would look for a top-level package or module; finding one does not import it."""
    spec = find_spec(name)
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(location) for location in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin else []


@lru_cache(maxsize=4096)
def _read(path: str, mtime_ns: int, size: int) -> _Module:
    """Canonical source and imports of one file; a changed time or size is a new entry of the cache."""
    try:
        tree = ast.parse(Path(path).read_bytes(), filename=path)
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes, in some versions of Python
        line = getattr(error, "lineno", None) or 1
        raise UnreadableSource(f"{path}:{line}: not Python: {getattr(error, 'msg', error)}") from error
    imports: list[_Import] = []
    for body in _bodies(tree):
        for statement in body:
            imports.extend(_imports(statement))
        # A bare string does nothing when it runs: docstrings, and those that follow an attribute.
        body[:] = [statement for statement in body if not _is_string(statement)]
        if not body and body is not tree.body:
            body.append(ast.Pass())
    canonical = ast.unparse(tree)
    return _Module(hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest(), tuple(imports))


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a module; expressions hold neither imports nor docstrings."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body:
                yield body
                waiting.extend(body)
        waiting.extend(getattr(node, "handlers", ()))
        waiting.extend(getattr(node, "cases", ()))


def _is_string(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _imports(statement: ast.stmt) -> Iterator[_Import]:
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield _Import(alias.name, 0, statement.lineno, optional=False)
    elif isinstance(statement, ast.ImportFrom):
        yield _Import(statement.module or "", statement.level, statement.lineno, optional=False)
        for alias in statement.names:
            name = f"{statement.module}.{alias.name}" if statement.module else alias.name
            yield _Import(name, statement.level, statement.lineno, optional=True)
