import json
import platform
from importlib.metadata import version

import pytest

from mlplatform.ml import environment as module
from mlplatform.ml.environment import SHAPING_LIBRARIES, environment
from mlplatform.ml.hashing import digest


def test_it_names_what_shapes_a_model() -> None:
    found = environment(2)
    assert found["python"] == platform.python_version() and found["threads"] == 2
    assert found["libraries"] == {name: version(name) for name in SHAPING_LIBRARIES}
    assert json.loads(json.dumps(found)) == found


def test_its_hash_is_of_the_facts() -> None:
    found = environment(1)
    assert found["sha256"] == digest({name: value for name, value in found.items() if name != "sha256"})
    assert environment(1) == found
    assert environment(2)["sha256"] != found["sha256"]


def test_a_library_that_is_not_installed_is_a_fact_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHAPING_LIBRARIES", ("numpy", "no-such-library"))
    assert environment(1)["libraries"] == {"numpy": version("numpy"), "no-such-library": None}
