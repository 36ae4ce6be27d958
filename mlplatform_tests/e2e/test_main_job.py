"""The whole story in a real browser, as a user of the Dagster UI goes through it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlplatform.ml.steps import ASSETS, LANDED_FILE, PER_BATCH
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.e2e import outcomes, pages
from mlplatform_tests.e2e.browser import chromium
from mlplatform_tests.e2e.looking import picture, sized, until
from mlplatform_tests.e2e.server import Addresses, dev

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

USE_CASE = "job_change"
BATCHES = [f"job_change_000{number}" for number in range(1, 5)]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A home in which the first of three landed batches was run, and a file that has not landed yet."""
    run = command_in(tmp_path / "home")
    files = tmp_path / "files"
    sample = ("--rows", "1200", "--batches", "4")
    assert run("sample", USE_CASE, "--out", files, *sample).code == 0
    first, second, third = (files / f"{batch}.csv" for batch in BATCHES[:3])
    assert run("land", USE_CASE, first).code == 0
    done = run("run", USE_CASE)
    assert done.code == 0, done.err
    assert run("land", USE_CASE, second, third).code == 0
    return tmp_path


def test_the_whole_story(made: Path) -> None:
    with chromium(made / "profile") as browser, dev(made / "home") as at:
        _the_graph(browser, at.ui)
        _missing_batches_are_made(browser, at.ui)


def _the_graph(browser: WebDriver, address: str) -> None:
    pages.lineage_of_group(browser, address, USE_CASE, (LANDED_FILE, *ASSETS))
    pages.hide_menu(browser)


def _missing_batches_are_made(browser: WebDriver, address: str) -> None:
    assert outcomes.batches_of(address, USE_CASE, "features") == set(BATCHES[:1])
    models = len(outcomes.materializations(address, USE_CASE, "model"))
    identity = pages.materialize_missing(browser, address)
    assert outcomes.ended(lambda: outcomes.backfills(address), identity) == "COMPLETED_SUCCESS"
    with sized(browser, 1600, 960):
        pages.backfill_page(browser, identity)
        until(browser, lambda text: "Status\nSucceeded" in text)
        picture(browser, "backfill")
    for asset in PER_BATCH & set(ASSETS):
        assert outcomes.batches_of(address, USE_CASE, asset) == set(BATCHES[:3])
    assert len(outcomes.materializations(address, USE_CASE, "model")) == models + 1
    _picture_of_the_graph(browser, address)


def _picture_of_the_graph(browser: WebDriver, address: str) -> None:
    """Wide enough that every asset is drawn with what is known of it."""
    with sized(browser, 2200, 900):
        pages.lineage_of_group(browser, address, USE_CASE, (LANDED_FILE, *ASSETS))
        until(browser, lambda text: text.count("100% filled") == len(PER_BATCH))
        picture(browser, "lineage")


def _a_person_approves(browser: WebDriver, address: str, version: str) -> None:
    said = {"approver": "Ada Lovelace", "reason": "Better on every slice", "model_version": version}
    with sized(browser, 1600, 1000):
        pages.job_page(browser, address, f"{USE_CASE}_approve")
        identity = pages.launchpad_fill_and_launch(browser, address, f"{USE_CASE}_approve", said)
    _ends_well(browser, address, f"{USE_CASE}_approve", identity)
    pages.asset_page(browser, address, USE_CASE, "approval")
    until(browser, lambda text: all(value in text for value in said.values()))
    picture(browser, "approval")


def _the_model_goes_live(browser: WebDriver, at: Addresses, version: str, row: dict[str, str]) -> None:
    pages.job_page(browser, at.ui, f"{USE_CASE}_release")
    identity = pages.launch(browser, at.ui, f"{USE_CASE}_release")
    _ends_well(browser, at.ui, f"{USE_CASE}_release", identity)
    pages.asset_page(browser, at.ui, USE_CASE, "endpoint")
    until(browser, lambda text: "Latest materialization" in text and version in text)
    picture(browser, "endpoint")
    assert 0 <= _predicted(at.models, row) <= 1


def _ends_well(browser: WebDriver, address: str, job: str, identity: str) -> None:
    status = outcomes.ended(lambda: outcomes.runs(address, job), identity)
    assert status == "SUCCESS", outcomes.failures(address, identity)
    pages.run_page(browser, address, identity)


def _sensors_see_what_lands(browser: WebDriver, address: str, file: Path, folder: Path) -> None:
    pages.open_from_menu(browser, "Automation")
    for sensor in ("landing", "retraining"):
        pages.switch_sensor_on(browser, address, f"{USE_CASE}_{sensor}")
    picture(browser, "sensors")
    shutil.copy(file, folder)
    batch, job = file.stem, f"{USE_CASE}_update"
    found = outcomes.eventually(
        lambda: outcomes.runs(address, job, **{"dagster/partition": batch}), f"a run of {batch}"
    )
    _ends_well(browser, address, job, next(iter(found)))
    assert outcomes.batches_of(address, USE_CASE, "features") == set(BATCHES)
    pages.batch_of_asset(browser, address, USE_CASE, "features", batch)
    picture(browser, "landed")
