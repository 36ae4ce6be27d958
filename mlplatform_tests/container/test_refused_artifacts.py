"""Files that are no models of ours: malicious, damaged, of another kind. Nothing of them is ever run."""

from __future__ import annotations

import io
import json
import os
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from mlplatform.container.artifact import (
    UnreadableModel,
    UntrustedModel,
    dump_canonical,
    load_trusted,
)
from mlplatform_tests.container.fitted import MODELS, ROOT, pipeline, rows, run


def node(loader: str, module: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, **rest}


def told(value: Any) -> dict[str, Any]:
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def forged(tree: dict[str, Any], protocol: int, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps(tree | {"protocol": protocol, "_skops_version": "0.16.0"}))
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Evil:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def payloads(marker: Path) -> dict[str, bytes]:
    """Files that would create `marker`, or import `evil_module`, if anything in them ran."""
    command, code = f"touch {marker}", f"open({str(marker)!r}, 'w')"
    arguments = node("TupleNode", "builtins", "tuple", content=[told(code)])
    commands = node("TupleNode", "builtins", "tuple", content=[told(command)])
    empty = node(
        "DictNode", "builtins", "dict", content={}, key_types=node("ListNode", "builtins", "list", content=[])
    )
    evaluate, system = node("FunctionNode", "builtins", "eval"), node("FunctionNode", "os", "system")
    buffer = io.BytesIO()
    np.save(buffer, np.array([Evil(command)], dtype=object), allow_pickle=True)
    trees = {
        "eval": node("ConstructorFromReduceNode", "builtins", "eval", content=arguments),
        "exec": node("ConstructorFromReduceNode", "builtins", "exec", content=arguments),
        "system": node("ConstructorFromReduceNode", "os", "system", content=commands),
        "popen": node("ConstructorFromReduceNode", "subprocess", "Popen", content=commands),
        "function": system,
        "type": node("TypeNode", "evil_module", "Thing"),
        "object": node("ObjectNode", "evil_module", "Thing", content=empty),
        "dict": node("DictNode", "evil_module", "Thing", content={}, key_types=empty["key_types"]),
        "list": node("ListNode", "builtins", "eval", content=[told(code)]),
        "partial": node(
            "PartialNode",
            "functools",
            "partial",
            content={"func": evaluate, "args": arguments, "kwds": empty, "namespace": told(None)},
        ),
        "method": node(
            "MethodNode",
            "evil_module",
            "Thing",
            content={"func": "run", "obj": node("ObjectNode", "evil_module", "Thing", content=empty)},
        ),
        "operator": node("OperatorFuncNode", "operator", "methodcaller", attrs=arguments),
        "loss": node("LossNode", "os", "system", __reduce__={"args": commands}, content=empty),
        "tree": node("TreeNode", "os", "system", __reduce__={"args": commands}, content=evaluate),
        "transformer": node(
            "ObjectNode",
            "sklearn.preprocessing._function_transformer",
            "FunctionTransformer",
            content=node(
                "DictNode",
                "builtins",
                "dict",
                content={"func": system},
                key_types=node("ListNode", "builtins", "list", content=[node("TypeNode", "builtins", "str")]),
            ),
        ),
        "keys": node(
            "DictNode",
            "builtins",
            "dict",
            content={code: told(1)},
            key_types=node("ListNode", "builtins", "list", content=[evaluate]),
        ),
        "array": node("NdArrayNode", "numpy", "ndarray", type="numpy", file="a.npy"),
    }
    members = {"a.npy": buffer.getvalue()}
    files = {f"{name} {p}": forged(tree, p, **members) for name, tree in trees.items() for p in (0, 1, 2)}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        files[f"pickle {protocol}"] = pickle.dumps(Evil(command), protocol)
    for compress in (0, "zlib", "gzip", "bz2", "xz"):
        joblib.dump(Evil(command), buffer := io.BytesIO(), compress=compress)
        files[f"joblib {compress}"] = buffer.getvalue()
    return files


LOAD = """
import json, sys
from pathlib import Path
import sklearn.ensemble, skops.io
from mlplatform.container.artifact import UnreadableModel, UntrustedModel, load_trusted
seen, results = [], {}
watched = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "pickle.find_class")
def hook(event, arguments):
    if event in watched or (event == "import" and str(arguments[0]).startswith("evil")):
        seen.append(event)
    if event == "open" and str(arguments[0]).endswith("marker"):
        seen.append(event)
    if event == "compile" and "marker" in str(arguments[0]):
        seen.append(event)
files = {path.name: path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())}
sys.addaudithook(hook)
for name, data in files.items():
    try:
        load_trusted(data)
        results[name] = "loaded"
    except (UntrustedModel, UnreadableModel) as error:
        results[name] = type(error).__name__
during = list(seen)
import pickle, evil_module
pickle.loads(files["pickle 4"])
eval("len('marker')")
json.dump([results, during, seen], sys.stdout)
"""


def test_malicious_files_are_refused_and_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "evil_module.py").write_text("class Thing:\n    pass\n")
    (tmp_path / "files").mkdir()
    files = payloads(marker)
    for name, data in files.items():
        (tmp_path / "files" / name).write_bytes(data)
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    results, during, control = run(LOAD, str(tmp_path / "files"), PYTHONPATH=path)
    assert results.keys() == files.keys()
    assert {name for name, result in results.items() if result == "loaded"} == set()
    assert during == []
    assert {"os.system", "pickle.find_class", "import", "compile"} <= set(
        control
    )  # the watch sees what does run
    assert marker.exists()
    untrusted = {name for name, result in results.items() if result == "UntrustedModel"}
    assert {
        "eval 2",
        "system 2",
        "function 2",
        "object 2",
        "transformer 2",
        "pickle 4",
        "joblib 0",
    } <= untrusted


def test_damaged_files_are_named_as_such() -> None:
    frame, target = rows()
    data = dump_canonical(pipeline(MODELS["boosting"]).fit(frame, target))
    with pytest.raises(UnreadableModel, match="is empty"):
        load_trusted(b"")
    for other in (b"hello", b"\x93NUMPY", b"{}", data[:1000], data[:-30], data[1000:5000]):
        with pytest.raises(UnreadableModel, match="no zip archive or is cut off"):
            load_trusted(other)
    with pytest.raises(UnreadableModel, match="damaged"):
        load_trusted(data[len(data) // 2 :])  # the directory of a zip is at its end
    for tree in (
        {},
        {"__loader__": 1},
        told(1) | {"__loader__": "NoSuchNode"},
        node("ListNode", "builtins", "list"),
    ):
        with pytest.raises(UnreadableModel, match="damaged"):
            load_trusted(forged(tree, 2))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model.pkl", pickle.dumps(1))
    with pytest.raises(UnreadableModel, match=r"schema\.json"):
        load_trusted(buffer.getvalue())


def test_a_changed_byte_never_ends_in_another_error() -> None:
    frame, target = rows()
    model = pipeline(MODELS["logistic"]).fit(frame, target)
    data, expected = dump_canonical(model), model.predict_proba(frame)
    for position in range(0, len(data), 97):
        changed = bytearray(data)
        changed[position] ^= 0x55
        try:
            with warnings.catch_warnings(action="ignore"):  # such as two entries of one name
                loaded = load_trusted(bytes(changed))
        except (UnreadableModel, UntrustedModel):
            continue
        assert np.array_equal(loaded.predict_proba(frame), expected)  # a date or the like: no content
