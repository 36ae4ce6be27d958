import json
import platform
from importlib.metadata import version

from mlplatform.ml.environment import SHAPING_LIBRARIES, environment
from mlplatform.ml.hashing import digest


def test_it_names_what_shapes_a_model() -> None:
    found = environment(2)
    assert found["python"] == platform.python_version() and found["threads"] == 2
    libraries = {*SHAPING_LIBRARIES, "joblib", "python-dateutil", "pydantic"}  # the last are required by some
    assert found["libraries"] == {**found["libraries"], **{name: version(name) for name in libraries}}
    assert json.loads(json.dumps(found)) == found


def test_its_hash_is_of_the_facts() -> None:
    found = environment(1)
    assert found["sha256"] == digest({name: value for name, value in found.items() if name != "sha256"})
    assert environment(1) == found
    assert environment(2)["sha256"] != found["sha256"]


def test_what_the_code_imports_counts_with_all_that_it_requires() -> None:
    shaping = environment(1)["libraries"]
    assert environment(1, ["sklearn", "json", "numpy"])["libraries"] == shaping
    assert not {"import-linter", "rich"} & shaping.keys()
    brought = {"import-linter", "grimp", "click", "rich", "pygments", "markdown-it-py", "mdurl"}
    found = environment(1, ["importlinter", "sklearn"])["libraries"]
    assert found == {**found, **shaping, **{name: version(name) for name in brought}}
    assert not {"pytest", "uvicorn"} & found.keys() and list(found) == sorted(found)


def test_a_library_that_is_not_installed_is_a_fact_too() -> None:
    shaping = environment(1)["libraries"]
    assert environment(1, ["no_such_library"])["libraries"] == {**shaping, "no-such-library": None}
