"""`mlplatform dev` in a real browser: graph, pictures and checks of what the command line has made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlplatform.ml.steps import ASSETS, LANDED_FILE
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.e2e import outcomes, pages
from mlplatform_tests.e2e.browser import chromium
from mlplatform_tests.e2e.looking import button, click, found, picture, until
from mlplatform_tests.e2e.server import dev

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

USE_CASE, REFUSED = "job_change", "job_change_0003"
_SHOWN_PICTURE = "//img[starts-with(@src, 'data:image/png;base64,')]"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which three batches went to a verdict, one row in fifty damaged, and one was refused."""
    folder = tmp_path_factory.mktemp("ui")
    run = command_in(folder / "home")
    sample = ("--rows", "1200", "--batches", "4", "--faults", "0.02")
    assert run("sample", USE_CASE, "--out", folder, *sample).code == 0
    bad = folder / f"{REFUSED}.csv"
    bad.write_text(bad.read_text().replace("training_hours", "hours", 1))
    assert run("land", USE_CASE, *sorted(folder.glob("*.csv"))).code == 0
    done = run("run", USE_CASE, "--json")
    assert done.code == 3, done.err
    assert done.json["verdict"] == "PROMOTE"
    return folder


def test_what_a_user_sees(made: Path) -> None:
    with chromium(made / "profile") as browser, dev(made / "home") as at:
        pages.lineage_of_group(browser, at.ui, USE_CASE, (LANDED_FILE, *ASSETS))
        _every_batch_under_its_own_partition(browser, at.ui)
        _the_pictures(browser, at.ui)
        _the_failing_cases(browser, at.ui)
        _a_click_reuses_what_is_unchanged(browser, at.ui)


def _every_batch_under_its_own_partition(browser: WebDriver, address: str) -> None:
    """Three batches shared a run, after one of the four was found out in it and failed alone."""
    made = {asset: outcomes.partitions(address, USE_CASE, asset) for asset in ("raw", "validated")}
    assert made["raw"] == {"numPartitions": 4, "numMaterialized": 4, "numFailed": 0}
    assert made["validated"] == {"numPartitions": 4, "numMaterialized": 3, "numFailed": 1}
    pages.asset_page(browser, address, USE_CASE, "validated", "partitions")
    until(browser, lambda text: REFUSED in text and "Failed" in text)
    picture(browser, "partitions")


def _the_pictures(browser: WebDriver, address: str) -> None:
    for asset, pictures in {"training_set": 1, "evaluation": 2, "model_card": 1}.items():
        for number in range(1, pictures + 1):
            pages.asset_page(browser, address, USE_CASE, asset)
            until(browser, lambda text, n=pictures: text.count("[Show Markdown]") == n)  # type: ignore[misc]
            click(browser, f"(//*[text()='[Show Markdown]'])[{number}]")
            width = found(browser, _SHOWN_PICTURE).get_property("naturalWidth")
            assert isinstance(width, int) and width > 300
            picture(browser, f"{asset}_{number}")


def _the_failing_cases(browser: WebDriver, address: str) -> None:
    pages.asset_page(browser, address, USE_CASE, "validated", "checks&checkDetail=nothing_quarantined")
    until(browser, lambda text: "nothing_quarantined" in text and "rows_per_rule" in text)
    picture(browser, "checks")


def _a_click_reuses_what_is_unchanged(browser: WebDriver, address: str) -> None:
    before = outcomes.materializations(address, USE_CASE, "model")
    pages.asset_page(browser, address, USE_CASE, "model")
    click(browser, button("Materialize"))
    outcomes.eventually(
        lambda: len(outcomes.materializations(address, USE_CASE, "model")) > len(before),
        "the model is materialized",
    )
    after = outcomes.materializations(address, USE_CASE, "model")
    assert len(after) == len(before) + 1
    assert "reused" in after[0].metadata
    assert after[0].version == before[0].version
