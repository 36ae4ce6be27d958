import os
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.environment import local, resources
from mlplatform.resources.home import DEFAULT_HOME, home_folder, open_instance, prepare_home
from mlplatform_tests.conftest import REPOSITORY


def packaged() -> str:
    return files("mlplatform.resources").joinpath("dagster.yaml").read_text(encoding="utf-8")


def test_the_platforms_variable_comes_before_dagsters_and_both_before_the_default(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    assert home_folder() == home
    monkeypatch.setenv("MLPLATFORM_HOME", "")
    assert home_folder() == tmp_path / "dagster"
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.chdir(tmp_path)
    assert home_folder() == tmp_path / DEFAULT_HOME
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_and_a_relative_path_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for named, folder in {"~/here": tmp_path / "user" / "here", "there": tmp_path / "there"}.items():
        monkeypatch.setenv("MLPLATFORM_HOME", named)
        assert home_folder() == folder


def test_settings_are_written_once_and_kept_when_changed(home: Path) -> None:
    assert prepare_home() == home
    assert (home / "dagster.yaml").read_text() == packaged()
    assert os.environ["DAGSTER_HOME"] == os.environ["MLPLATFORM_HOME"] == str(home)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    prepare_home()
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"
    assert {path.name for path in home.iterdir()} == {"dagster.yaml", "workspace.yaml"}


def test_preparing_at_the_same_time_is_fine(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: prepare_home(), range(16))) == {home}
    assert {path.name for path in home.iterdir()} == {"dagster.yaml", "workspace.yaml"}
    assert (home / "dagster.yaml").read_text() == packaged()


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_place_that_can_be_no_folder_is_told_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLPLATFORM_HOME", str(tmp_path / "file" / below))
    with pytest.raises(WrongUsage, match=r"cannot be the home folder: .* Set MLPLATFORM_HOME"):
        prepare_home()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("MLPLATFORM_HOME", str(tmp_path))
    with pytest.raises(WrongUsage, match="Permission denied"):
        prepare_home()


def test_the_instance_lives_in_the_home_folder_without_telemetry(home: Path) -> None:
    with open_instance() as instance:
        assert Path(instance.root_directory) == home
        assert not instance.telemetry_enabled


def test_the_settings_beside_the_workspace_are_the_packaged_ones() -> None:
    assert (REPOSITORY / "dagster.yaml").read_text() == packaged()
    assert yaml.safe_load(packaged())["telemetry"] == {"enabled": False}


def test_an_environment_is_chosen_by_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resources() == local(home)
    monkeypatch.setenv("MLPLATFORM_ENV", "mars")
    with pytest.raises(WrongUsage, match=r"MLPLATFORM_ENV='mars' is no environment. Choose: local"):
        resources()
