"""Model files: canonical bytes, whatever the process; and nothing in one runs before it is trusted."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, TweedieRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import mlplatform
from mlplatform.container.artifact import (
    TRUSTED_TYPES,
    UnreadableModel,
    UntrustedModel,
    dump_canonical,
    load_trusted,
)
from mlplatform.container.threads import fixed_threads

ROOT = Path(mlplatform.__file__).parents[1]


def rows(count: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    """Features with numbers, strings and missing values of both, and a binary target."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "hours": rng.normal(size=count),
            "age": rng.integers(18, 70, count),
            "city": rng.choice(["Oslo", "Bergen", "Tromsø"], count),
            "level": rng.choice(["junior", "senior"], count),
        }
    )
    target = (frame["hours"] + (frame["city"] == "Oslo") + rng.normal(size=count) > 0).to_numpy().astype(int)
    frame.loc[::7, "hours"] = np.nan
    frame.loc[::11, "city"] = None
    return frame, target


def pipeline(model: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = [("numbers", numbers, ["hours", "age"]), ("texts", texts, ["city", "level"])]
    return make_pipeline(ColumnTransformer(columns), model)


MODELS = {
    "logistic": LogisticRegression(max_iter=500),
    "forest": RandomForestClassifier(n_estimators=8, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=8, early_stopping=True, random_state=0),
}


def run(code: str, *arguments: str, **environment: str) -> Any:
    """The JSON that a new Python process prints."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=inherited | {"PYTHONPATH": str(ROOT)} | environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_loaded_model_predicts_and_dumps_the_same(name: str) -> None:
    frame, target = rows()
    model = pipeline(MODELS[name]).fit(frame, target)
    data = dump_canonical(model)
    loaded = load_trusted(data)
    unknown = frame.assign(city="Hamar")
    for new in (frame, unknown):
        assert np.array_equal(loaded.predict_proba(new), model.predict_proba(new))
    assert dump_canonical(model) == dump_canonical(loaded) == data
    assert type(skops.io.loads(data, trusted=list(TRUSTED_TYPES))) is type(model)


FIT = """
import hashlib, json, sys
from mlplatform.container.artifact import dump_canonical
from mlplatform.container.threads import fixed_threads
out = {}
for count in (1, 2):
    with fixed_threads(count):
        from mlplatform_tests.container.test_artifact import MODELS, pipeline, rows
        frame, target = rows(20_000)
        for name, model in MODELS.items():
            fitted = pipeline(model).fit(frame, target)
            out[f"{name} {count}"] = hashlib.sha256(dump_canonical(fitted)).hexdigest()
            if name == "boosting":
                out[f"threads {count}"] = fitted[-1]._bin_mapper.n_threads
json.dump(out, sys.stdout)
"""


def test_bytes_are_the_same_in_every_process() -> None:
    environments: list[dict[str, str]] = [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        {"PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "2"},
    ]
    first, *others = [run(FIT, **environment) for environment in environments]
    assert all(other == first for other in others)
    assert (first["threads 1"], first["threads 2"]) == (1, 2)  # so the recorded count is the one used
    assert first["boosting 1"] != first["boosting 2"]


def test_sets_and_dict_order() -> None:
    code = """
import hashlib, json
from sklearn.preprocessing import FunctionTransformer
from mlplatform.container.artifact import dump_canonical
words = {"cities": {"Oslo", "Bergen", "Molde", ("a", 1)}, "b": {1: "x", "y": [2.5, None]}, "a": b"bytes"}
print(json.dumps(hashlib.sha256(dump_canonical(FunctionTransformer(kw_args=words))).hexdigest()))
"""
    assert run(code, PYTHONHASHSEED="1") == run(code, PYTHONHASHSEED="2")
    words = {
        "b": {1: "x", "y": [2.5, None], "file": "f", "__loader__": "l"},
        "a": {"q"},
        "c": b"bytes",
        "d": (),
    }
    data = dump_canonical(FunctionTransformer(kw_args=words))
    loaded = load_trusted(data).kw_args
    assert loaded == words
    assert [list(loaded), list(loaded["b"])] == [list(words), list(words["b"])]
    assert dump_canonical(load_trusted(data)) == data


def test_one_object_stays_one_and_two_stay_two() -> None:
    shared, equal = np.arange(3.0), np.arange(3.0)
    loaded = load_trusted(
        dump_canonical(FunctionTransformer(kw_args={"a": [shared, shared, equal]}))
    ).kw_args["a"]
    assert loaded[0] is loaded[1]
    assert loaded[0] is not loaded[2]


def test_nothing_of_time_place_or_leftover_memory_is_in_the_file() -> None:
    frame, target = rows()
    with zipfile.ZipFile(
        io.BytesIO(dump_canonical(pipeline(MODELS["forest"]).fit(frame, target)))
    ) as archive:
        entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
        arrays = [archive.read(entry) for entry in entries]
    nodes = [array for array in arrays if array.startswith(b"\x93NUMPY") and b"missing_go_to_left" in array]
    assert nodes
    for array in nodes:  # 64 bytes for each node of a tree, of which the last 7 are not initialised
        size = 64 * np.load(io.BytesIO(array)).size
        assert not np.frombuffer(array[-size:], np.uint8).reshape(-1, 64)[:, 57:].any()


def test_sparse_matrices_survive() -> None:
    texts = ["red apple", "green apple", "red car"] * 5
    model = make_pipeline(TfidfVectorizer(), KNeighborsClassifier(1)).fit(texts, [0, 1, 2] * 5)
    data = dump_canonical(model)
    loaded = load_trusted(data, [*TRUSTED_TYPES, *skops.io.get_untrusted_types(data=data)])
    assert list(loaded.predict(texts[:3])) == [0, 1, 2]
    assert dump_canonical(loaded) == data


def trusted_models() -> dict[str, Any]:
    """For each trusted type a model that cannot be loaded without it."""
    frame, target = rows()
    numbers = frame[["age"]]
    coded = frame.astype({"city": "category", "level": "category"})
    selected = ColumnTransformer([("numbers", SimpleImputer(), make_column_selector(dtype_include="number"))])
    categorical = HistGradientBoostingClassifier(max_iter=2, categorical_features="from_dtype").fit(
        coded, target
    )
    boosting = HistGradientBoostingClassifier(max_iter=2).fit(numbers, target)
    return {
        "numpy.dtype": SimpleImputer().fit(numbers),
        "sklearn._loss.loss.HalfTweedieLoss": TweedieRegressor(power=1.5, link="log").fit(
            numbers, target + 1
        ),
        "sklearn.compose._column_transformer.make_column_selector": selected.fit(frame),
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": boosting,
        "sklearn.tree._tree.Tree": RandomForestClassifier(2).fit(numbers, target),
        "functools.partial": categorical,
        "sklearn.utils.validation.check_array": categorical,
    }


def test_each_trusted_type_is_needed_and_they_are_enough() -> None:
    models = trusted_models()
    assert sorted(models) == sorted(TRUSTED_TYPES)
    for name, model in models.items():
        data = dump_canonical(model)
        assert type(load_trusted(data)) is type(model)
        with pytest.raises(UntrustedModel, match=rf"not trusted: {name}\. Nothing was loaded"):
            load_trusted(data, [other for other in TRUSTED_TYPES if other != name])


def own_function(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def test_an_own_function_needs_trust_and_the_message_says_how() -> None:
    data = dump_canonical(FunctionTransformer(own_function))
    name = f"{__name__}.own_function"
    with pytest.raises(UntrustedModel, match=name + r".*add them to the trusted types"):
        load_trusted(data)
    assert load_trusted(data, [*TRUSTED_TYPES, name]).func is own_function


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


def test_fixed_threads_puts_the_environment_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with pytest.raises(RuntimeError), fixed_threads(1):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
        with fixed_threads(2):
            assert os.environ["OMP_NUM_THREADS"] == "2"
        assert os.environ["OMP_NUM_THREADS"] == "1"
        raise RuntimeError
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in os.environ
    with pytest.raises(ValueError, match="at least one thread"), fixed_threads(0):
        pass


def test_the_trusted_estimators_are_those_of_the_installed_scikit_learn() -> None:
    code = (
        "from skops.io._trusted_types import SKLEARN_ESTIMATOR_TYPE_NAMES as names\n"
        "from mlplatform.container.artifact import trusted_estimators\n"
        "print(sorted(set(names) - trusted_estimators()))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    missing = subprocess.run(command, capture_output=True, text=True, check=False)
    assert missing.stdout.strip() == "[]", missing.stderr
