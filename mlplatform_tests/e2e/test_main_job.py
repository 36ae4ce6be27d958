"""The whole story in a real browser, as a user of the Dagster UI goes through it.

Batches land, a model is made of them, a person approves it, it answers requests, and what lands from then on
runs by itself. Pictures of every chapter are kept in test-output/.
"""

from __future__ import annotations

import csv
import json
import shutil
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
UPDATE, APPROVE, RELEASE = (f"{USE_CASE}_{job}" for job in ("update", "approve", "release"))
BATCHES = [f"job_change_000{number}" for number in range(1, 5)]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A home in which the first of three landed batches was run, and a file that has not landed yet.

    The first model was turned down, so the next one has nobody to beat but the baseline: a verdict that does
    not depend on chance.
    """
    run = command_in(tmp_path / "home")
    files = tmp_path / "files"
    assert run("sample", USE_CASE, "--out", files, "--rows", "1200", "--batches", "4").code == 0
    first, second, third = (files / f"{batch}.csv" for batch in BATCHES[:3])
    assert run("land", USE_CASE, first).code == 0
    done = run("run", USE_CASE, "--json")
    assert done.code == 0, done.err
    why = ("--by", "Grace Hopper", "--reason", "One batch is too little")
    rejected = run("reject", USE_CASE, done.json["model_version"], *why)
    assert rejected.code == 0, rejected.err
    assert run("land", USE_CASE, second, third).code == 0
    return tmp_path


@pytest.mark.timeout(1500)
def test_the_whole_story(made: Path) -> None:
    file, folder = made / "files" / f"{BATCHES[3]}.csv", made / "home" / "landing" / USE_CASE
    with chromium(made / "profile") as browser, dev(made / "home") as at:
        _the_graph(browser, at.ui)
        _missing_batches_are_made(browser, at.ui)
        version = _the_verdict(browser, at.ui)
        _a_person_approves(browser, at.ui, version)
        _the_model_goes_live(browser, at, version, file)
        _sensors_see_what_lands(browser, at.ui, file, folder)


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
    with sized(browser, 2200, 1200):
        pages.lineage_of_group(browser, address, USE_CASE, (LANDED_FILE, *ASSETS))
        until(browser, lambda text: text.count("100% filled") == len(PER_BATCH))
        picture(browser, "lineage")


def _the_verdict(browser: WebDriver, address: str) -> str:
    """The version of the model that was made, as a person finds it."""
    pages.asset_page(browser, address, USE_CASE, "evaluation")
    until(browser, lambda text: "PROMOTE" in text)
    picture(browser, "evaluation")
    pages.asset_page(browser, address, USE_CASE, "model_card")
    return pages.metadata_of_asset(browser, "model_version")


def _a_person_approves(browser: WebDriver, address: str, version: str) -> None:
    said = {"approver": "Ada Lovelace", "reason": "Good on every slice", "model_version": version}
    with sized(browser, 1600, 1000):
        pages.job_page(browser, address, APPROVE)
        identity = pages.launchpad_fill_and_launch(browser, address, APPROVE, said)
    _ends_well(browser, address, APPROVE, identity)
    with sized(browser, 1600, 1000):
        pages.asset_page(browser, address, USE_CASE, "approval")
        until(browser, lambda text: all(value in text for value in said.values()))
        picture(browser, "approval")


def _the_model_goes_live(browser: WebDriver, at: Addresses, version: str, file: Path) -> None:
    pages.job_page(browser, at.ui, RELEASE)
    identity = pages.launch(browser, at.ui, RELEASE)
    _ends_well(browser, at.ui, RELEASE, identity)
    with sized(browser, 1600, 1000):
        pages.asset_page(browser, at.ui, USE_CASE, "endpoint")
        assert pages.metadata_of_asset(browser, "model_version") == version
        picture(browser, "endpoint")
    answer = _answered(at.models, file)
    assert answer["model_version"] == version
    assert [0 <= one <= 1 for one in answer["predictions"]] == [True]


def _answered(address: str, file: Path) -> dict[str, Any]:
    """What the model server says to the first row of a file."""
    with file.open(newline="") as lines:
        row = {key: value or None for key, value in next(csv.DictReader(lines)).items() if key != "target"}
    url = f"{address}/endpoints/{USE_CASE.replace('_', '-')}/invocations"
    request = urllib.request.Request(url, json.dumps(row).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        said: dict[str, Any] = json.load(answer)
    return said


def _sensors_see_what_lands(browser: WebDriver, address: str, file: Path, folder: Path) -> None:
    pages.open_from_menu(browser, "Automation")
    for sensor in ("landing", "retraining"):
        pages.switch_sensor_on(browser, address, f"{USE_CASE}_{sensor}")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)
    tag = {"dagster/partition": file.stem}
    what = f"{file.stem} runs"
    found = outcomes.eventually(lambda: outcomes.runs(address, UPDATE, **tag), what, seconds=180)
    _ends_well(browser, address, UPDATE, next(iter(found)))
    assert outcomes.batches_of(address, USE_CASE, "features") == set(BATCHES)
    with sized(browser, 1600, 1000):
        pages.batch_of_asset(browser, address, USE_CASE, "features", file.stem)
        picture(browser, "landed")
    with sized(browser, 1600, 840):
        pages.go(browser, f"{address}/automation")
        pages.sensor_has_run_something(browser, f"{USE_CASE}_landing")
        picture(browser, "sensors")


def _ends_well(browser: WebDriver, address: str, job: str, identity: str) -> None:
    status = outcomes.ended(lambda: outcomes.runs(address, job), identity)
    assert status == "SUCCESS", outcomes.failures(address, identity)
    pages.run_page(browser, address, identity)
