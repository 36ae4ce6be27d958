"""Model files: canonical bytes, whatever the process; and nothing in one runs before it is trusted."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import TweedieRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlplatform.container.artifact import (
    TRUSTED_TYPES,
    UntrustedModel,
    dump_canonical,
    load_trusted,
)
from mlplatform.container.threads import fixed_threads
from mlplatform_tests.container.fitted import MODELS, pipeline, rows, run


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
        frame, target = rows(8_000)
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
