"""Errors name the user's own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplatform.ml.blame import in_own_words, place_of


def _raised(path: Path, text: str) -> BaseException:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    with pytest.raises(Exception) as caught:
        exec(compile(text, str(path), "exec"), {})
    return caught.value


def test_the_innermost_line_of_the_use_case_is_named(tmp_path: Path) -> None:
    path = tmp_path / "defs" / "mine" / "features.py"
    text = "import json\ndef build_features(rows):\n    return json.loads(rows)\nbuild_features('{')\n"

    error = _raised(path, text)

    assert place_of(error) == f"{path}, line 3, in build_features"
    assert in_own_words(error).startswith("JSONDecodeError: Expecting property name")


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "defs" / "mine" / "features.py"
    assert in_own_words(_raised(path, "x = (\n")) == f"SyntaxError: '(' was never closed ({path}, line 1)"


def test_what_happens_elsewhere_is_not_blamed_on_the_user() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    assert place_of(caught.value) is None
    assert in_own_words(caught.value) == "ZeroDivisionError: division by zero"


def test_the_first_cause_counts(tmp_path: Path) -> None:
    path = tmp_path / "code" / "estimator.py"
    text = "try:\n    {}['depth']\nexcept KeyError as error:\n    raise RuntimeError('wrapped') from error\n"
    error = _raised(path, text)
    assert in_own_words(error) == f"KeyError: 'depth' ({path}, line 2, in <module>)"
    folder = tmp_path / "defs" / "mine"
    assert place_of(error, folder) == f"{folder / 'estimator.py'}, line 2, in <module>"
