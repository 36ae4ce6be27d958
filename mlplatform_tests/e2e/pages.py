"""The pages of the Dagster UI as a user goes through them. What is launched is waited for in `outcomes`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mlplatform_tests.e2e.looking import DIALOG, button, click, found, gone, picture, settled, until
from mlplatform_tests.e2e.outcomes import backfills, eventually, runs, sensors_on, the_new_one

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

_MATERIALIZE = "//button[starts-with(normalize-space(.), 'Materialize')]"
_LAUNCHPAD = f"{DIALOG}[.//*[contains(., 'Launchpad')]]"
_CONFIRMATION = f"{DIALOG}[.//button[normalize-space(.)='Confirm']]"


def go(browser: WebDriver, address: str) -> None:
    """Open an address as from a bookmark."""
    browser.get(address)


def open_from_menu(browser: WebDriver, entry: str) -> None:
    """Click an entry of the main menu, hidden or not."""
    address = {"Runs": "/runs", "Jobs": "/jobs", "Automation": "/automation"}[entry]
    click(browser, f"//a[@href='{address}']")


def hide_menu(browser: WebDriver) -> None:
    """Leave more room to the page; the browser remembers it."""
    click(browser, "//*[normalize-space(text())='Hide navigation']")


def lineage_of_group(browser: WebDriver, address: str, group: str, assets: Iterable[str]) -> None:
    """The graph of a group, once every asset stands in it with what is known of it."""
    go(browser, f"{address}/locations/mlplatform/asset-groups/{group}/lineage")
    for asset in assets:
        until(browser, lambda text, name=asset: name in text.split())  # type: ignore[misc]
    settled(browser)


def materialize_missing(browser: WebDriver, address: str) -> str:
    """From a group's graph: a backfill of the batches that are missing; its id."""
    before = backfills(address)
    click(browser, _MATERIALIZE)
    launch_it = button("Launch backfill", DIALOG)

    def chosen() -> bool:
        click(browser, button("Missing", DIALOG))
        settled(browser)
        return found(browser, launch_it).is_enabled()

    eventually(chosen, "missing batches are chosen")  # none, as long as the page does not know them
    picture(browser, "missing")
    click(browser, launch_it)
    return the_new_one(lambda: backfills(address), before, "the backfill")


def backfill_page(browser: WebDriver, identity: str) -> None:
    """Through the list of runs to the page of a backfill."""
    open_from_menu(browser, "Runs")
    click(browser, "//a[contains(@href, '?view=backfills')]")
    click(browser, f"//a[contains(@href, '/runs/b/{identity}')]")


def job_page(browser: WebDriver, address: str, job: str) -> None:
    """Through the list of jobs to the page of one."""
    go(browser, f"{address}/jobs")
    click(browser, f"//a[contains(@href, '/jobs/{job}')]")
    until(browser, lambda text: job in text and "Materialize" in text)
    settled(browser)


def launch(browser: WebDriver, address: str, job: str) -> str:
    """From a job's page: launch it as it is; the run's id."""
    before = runs(address, job)
    click(browser, _MATERIALIZE)
    return the_new_one(lambda: runs(address, job), before, job)


def launchpad_fill_and_launch(browser: WebDriver, address: str, job: str, values: Mapping[str, str]) -> str:
    """From a job's page: scaffold the configuration it asks for, fill it in, launch; the run's id."""
    before = runs(address, job)
    click(browser, _MATERIALIZE)
    click(browser, button("Scaffold missing config", _LAUNCHPAD))
    click(browser, button("Confirm", _CONFIRMATION))
    gone(browser, _CONFIRMATION)  # it gives the focus back when it has faded away
    until(browser, lambda text: "No missing config" in text)
    for key, value in values.items():
        _fill(browser, key, value)
    until(browser, lambda text: "No errors" in text and "No missing config" in text)
    picture(browser, "launchpad")
    click(browser, button("Materialize", _LAUNCHPAD))
    return the_new_one(lambda: runs(address, job), before, job)


def _fill(browser: WebDriver, key: str, value: str) -> None:
    """Type between the quotes that stand behind a key."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    line = f"{_LAUNCHPAD}//pre[starts-with(normalize-space(.), '{key}:')]"
    settled(browser)
    click(browser, line)
    ActionChains(browser).send_keys(Keys.END, Keys.LEFT, value).perform()
    wanted = f"{key}: '{value}'"
    eventually(lambda: found(browser, line).text.strip() == wanted, f"the editor says {wanted}", seconds=10)


def run_page(browser: WebDriver, address: str, identity: str) -> None:
    """The page of a run that has ended well."""
    go(browser, f"{address}/runs/{identity}")
    until(browser, lambda text: "RUN_SUCCESS" in text)


def asset_page(browser: WebDriver, address: str, use_case: str, asset: str, view: str = "overview") -> None:
    """The page of an asset."""
    go(browser, f"{address}/assets/{use_case}/{asset}?view={view}")
    until(browser, lambda text: asset in text and "Overview" in text)


def metadata_of_asset(browser: WebDriver, key: str) -> str:
    """From an asset's page: what stands behind a key."""
    return found(browser, f"//tr[td[normalize-space(.)='{key}']]/td[last()]").text.strip()


def batch_of_asset(browser: WebDriver, address: str, use_case: str, asset: str, batch: str) -> None:
    """The page of an asset's batches, with one of them chosen."""
    asset_page(browser, address, use_case, asset, "partitions")
    click(browser, f"//*[text()='{batch}']")
    until(browser, lambda text: "No partition selected" not in text and text.count(batch) > 1)


def sensor_has_run_something(browser: WebDriver, sensor: str) -> None:
    """On the page of automations: when the sensor's latest run was stands in its row."""
    found(browser, f"//a[contains(@href, '/sensors/{sensor}')]/following-sibling::*[contains(., ' ago')]")


def switch_sensor_on(browser: WebDriver, address: str, sensor: str) -> None:
    """On the page of automations: the switch in the sensor's row."""
    switch = f"//a[contains(@href, '/sensors/{sensor}')]/following-sibling::*//label[input[@type='checkbox']]"
    assert sensor not in sensors_on(address), f"{sensor} is on already"
    found(browser, switch)
    settled(browser)  # rows move while the others come, and a click would hit a neighbour or nothing
    click(browser, switch)
    eventually(lambda: sensor in sensors_on(address), f"{sensor} is on", seconds=60)
