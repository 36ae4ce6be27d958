"""A fitted model as bytes: canonical when written, audited before it is built again. Never pickle.

The format is that of skops: a zip of `schema.json`, a tree of nodes, and one member per array. What skops
writes differs from dump to dump, because it names nodes and members after memory addresses; here they are
numbered in order of appearance instead, and `skops.io.load` reads the result like any other file.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from mlplatform.ml.errors import MLPlatformError

TRUSTED_TYPES: tuple[str, ...] = (
    "numpy.dtype",  # imputers, encoders, and what they are piped into
    "sklearn._loss.loss.HalfTweedieLoss",  # TweedieRegressor
    "sklearn.compose._column_transformer.make_column_selector",  # ColumnTransformer
    # Both hold node indices that scikit-learn follows without a check: a forged one can crash the process,
    # though it cannot run code. Whoever loads a model compares its sha256 with the record first.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",  # histogram gradient boosting
    "sklearn.tree._tree.Tree",  # trees, forests, gradient boosting
    # Histogram gradient boosting with categorical_features holds partial(check_array, ...). A partial is no
    # wider than its function, which needs trust of its own.
    "functools.partial",
    "sklearn.utils.validation.check_array",
)
"""What the usual estimators need beyond scikit-learn's own estimators and the plain types."""

# Objects that cannot change: whether two of them are one object is an accident of the interpreter.
_VALUES = {"JsonNode", "TupleNode", "TypeNode", "FunctionNode", "SliceNode", "BytesNode", "DTypeNode"}
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


class UntrustedModel(MLPlatformError, ValueError):
    """A model file asks for types that nobody declared trusted. Nothing of it was built or run."""


class UnreadableModel(MLPlatformError, ValueError):
    """Bytes that are no model file, are damaged, or need other library versions than the installed ones."""


@cache
def trusted_estimators() -> frozenset[str]:
    """Full names of scikit-learn's estimators, written down in `sklearn_estimators.txt`."""
    text = files("mlplatform.container").joinpath("sklearn_estimators.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


@cache
def _skops() -> Any:
    """`skops.io`, imported without the inventories it makes of scikit-learn and SciPy.

    Left alone, the import loads every module of scikit-learn and looks for each of SciPy's special functions
    in every module loaded so far, which takes longer than most fits. Trust comes from `trusted_estimators`
    here, so these lists may stay empty: the audit then asks for more types, never for fewer.
    """
    if "skops.io" not in sys.modules:
        import scipy.special
        import sklearn.utils

        with _replaced(sklearn.utils, "all_estimators", list), _replaced(scipy.special, "__dir__", list):
            import skops.io  # noqa: F401
    return sys.modules["skops.io"]


@contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    before = dict(vars(module))
    setattr(module, name, value)
    try:
        yield
    finally:
        if name in before:
            setattr(module, name, before[name])
        else:
            delattr(module, name)


def dump_canonical(estimator: Any) -> bytes:
    """The estimator as bytes that depend on nothing but the estimator and the installed versions.

    The same in every process, whatever the hash seed or the addresses in memory, and the same again after
    `load_trusted`. Nothing is compressed: the bytes of deflate depend on the zlib that Python was built with.
    What an estimator remembers of its fit is in them: the thread count (see `threads`), and the wall-clock
    times that a grid search keeps, so that the bytes of a fitted `GridSearchCV` differ from fit to fit.

    Raises `skops.io.exceptions.UnsupportedTypeException` (a `TypeError`) for what skops cannot store.
    """
    with zipfile.ZipFile(io.BytesIO(_skops().dumps(estimator))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = _canonical_node(json.loads(contents.pop(_SCHEMA)))
    members = _renumbered(schema, contents)
    members[_SCHEMA] = json.dumps(schema, separators=(",", ":")).encode()
    return _zipped(members)


def load_trusted(data: bytes, trusted: Sequence[str] = TRUSTED_TYPES) -> Any:
    """Build the estimator that `dump_canonical` (or `skops.io.dump`) wrote.

    The types are audited before any of them is imported or built. `trusted`: full names of those allowed
    besides `trusted_estimators` and plain types.

    Raises `UntrustedModel` for other types and for pickles, `UnreadableModel` for anything that is no intact
    model file.
    """
    _refuse_other_formats(data)
    allowed = trusted_estimators().union(trusted)
    try:
        untrusted = sorted(set(_skops().get_untrusted_types(data=data)) - allowed)
    except Exception as error:  # a forged or damaged file fails in any way it likes; nothing is built yet
        raise UnreadableModel(
            f"the model file is damaged: {_told(error)}; fetch it again or retrain"
        ) from error
    if untrusted:
        raise UntrustedModel(
            f"the model file asks for types that are not trusted: {', '.join(untrusted)}. Nothing was "
            "loaded. If the file comes from your own training and each of these is known to be harmless to "
            "build, add them to the trusted types; otherwise keep the file away"
        )
    try:
        return _skops().loads(data, trusted=sorted(allowed))
    except Exception as error:
        raise UnreadableModel(
            f"the model file cannot be built: {_told(error)}; it is damaged or was written with other "
            "versions of its libraries than the installed ones"
        ) from error


def _refuse_other_formats(data: bytes) -> None:
    if not data:
        raise UnreadableModel("the model file is empty; fetch it again or retrain")
    if zipfile.is_zipfile(io.BytesIO(data)):
        return
    if data[:1] == b"\x80" or data[:2] in {b"\x1f\x8b", b"x\x9c", b"BZ"} or data[:5] == b"\xfd7zXZ":
        raise UntrustedModel(
            f"the model file looks like a pickle or joblib file (it begins with {data[:4]!r}), which can run "
            "any code when it is loaded, so it never is; retrain, or write the model with dump_canonical"
        )
    raise UnreadableModel(
        f"the model file is no zip archive or is cut off ({len(data)} bytes, beginning with {data[:8]!r}); "
        "fetch it again or retrain"
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _is_node(value: Any) -> bool:
    """Whether a JSON object is a node of skops. The content of a dict has nodes, never strings, as values."""
    return isinstance(value, dict) and isinstance(value.get("__loader__"), str)


def _canonical_node(value: Any) -> Any:
    """A copy without the ids of values, with the keys of nodes and the elements of sets in a fixed order.

    The keys of a stored dict keep their order: it is part of the dict, and skops lists key types beside them.
    """
    if isinstance(value, list):
        return [_canonical_node(item) for item in value]
    if not isinstance(value, dict):
        return value
    if not _is_node(value):
        return {key: _canonical_node(item) for key, item in value.items()}
    dropped = {"__id__"} if value["__loader__"] in _VALUES else set()
    node = {key: _canonical_node(value[key]) for key in sorted(value) if key not in dropped}
    if node["__loader__"] == "SetNode":
        node["content"].sort(key=json.dumps)  # iteration follows the hash seed; elements are values
    return node


def _renumbered(schema: Any, contents: dict[str, bytes]) -> dict[str, bytes]:
    """Number ids and members of `schema`, in place, in order of appearance; the members by their new names.

    Members with equal bytes become one: ids say which arrays are one object, names of members do not.
    """
    ids: dict[int, int] = {}
    names: dict[tuple[str, str], str] = {}
    members: dict[str, bytes] = {}
    for node in _nodes(schema):
        if "__id__" in node:
            node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)  # skops takes 0 for "no id"
        if "file" in node:
            suffix = PurePosixPath(node["file"]).suffix
            content = contents[node["file"]]
            if suffix == ".npz":
                content = _plain_zip(content)
            elif suffix == ".npy":
                content = _without_padding(content)
            same = (hashlib.sha256(content).hexdigest(), suffix)
            node["file"] = names.setdefault(same, f"{len(names):06}{suffix}")
            members[node["file"]] = content
    return members


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if _is_node(value):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _nodes(child)


def _without_padding(content: bytes) -> bytes:
    """Zeros between the fields of a structured array: scikit-learn leaves whatever was in memory there."""
    import numpy as np

    if b"'descr': [" not in content[:32]:  # where the header of .npy begins; a plain array has a string there
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    clean = np.zeros(array.shape, array.dtype, order="F" if array.flags.fnc else "C")  # as np.save chose
    for name in array.dtype.names:
        clean[name] = array[name]
    header = content[: len(content) - clean.nbytes]
    return header + bytes(clean.tobytes("A"))


def _plain_zip(content: bytes) -> bytes:
    """A sparse matrix is a zip of its own, compressed by whatever zlib there is."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _zipped({name: archive.read(name) for name in archive.namelist()})


def _zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # not the system this runs on
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])
    return buffer.getvalue()
