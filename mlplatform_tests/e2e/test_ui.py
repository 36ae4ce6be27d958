"""`mlplatform dev` in a real browser: graph, pictures and checks of what the command line has made."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlplatform.ml.steps import ASSETS, LANDED_FILE
from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.e2e.browser import chromium

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

SCREENSHOTS = Path(__file__).parents[2] / "test-output"


@contextmanager
def ui(home: Path) -> Iterator[str]:
    """The address of `mlplatform dev` on this home; ended by the signal that Ctrl-C sends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    with (home / "dev.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlplatform", "dev", "--port", str(port)],
            env={**os.environ, "MLPLATFORM_HOME": str(home)},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    assert not _left_over(process.pid)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert process.poll() is None, "mlplatform dev ended"
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the UI did not answer")


def _left_over(parent: int) -> list[str]:
    listing = subprocess.run(["ps", "-eo", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if line.split()[0] == str(parent)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which three batches went to a verdict, one row in fifty damaged."""
    folder = tmp_path_factory.mktemp("ui")
    run = command_in(folder / "home")
    sample = ("--rows", "1200", "--batches", "3", "--faults", "0.02")
    assert run("sample", "job_change", "--out", folder, *sample).code == 0
    assert run("land", "job_change", *sorted(folder.glob("*.csv"))).code == 0
    assert run("run", "job_change").code == 0
    return folder


def test_what_a_user_sees(made: Path) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    with chromium(made / "profile") as browser, ui(made / "home") as address:
        _the_graph(browser, address)
        _the_pictures(browser, address)
        _the_failing_cases(browser, address)
        _a_click_reuses_what_is_unchanged(browser, address)


def _the_graph(browser: WebDriver, address: str) -> None:
    browser.get(f"{address}/locations/mlplatform/asset-groups/job_change/lineage")
    for asset in (LANDED_FILE, *ASSETS):
        _until(browser, lambda text, asset=asset: asset in text)
    browser.save_screenshot(str(SCREENSHOTS / "lineage.png"))


def _the_pictures(browser: WebDriver, address: str) -> None:
    from selenium.webdriver.common.by import By

    for asset, pictures in {"training_set": 1, "evaluation": 2, "model_card": 1}.items():
        for number in range(pictures):
            browser.get(f"{address}/assets/job_change/{asset}")
            _until(browser, lambda text, n=pictures: text.count("[Show Markdown]") == n)
            links = browser.find_elements(By.XPATH, "//*[text()='[Show Markdown]']")
            links[number].click()
            image = _found(browser, 'img[src^="data:image/png;base64,"]')
            assert image.get_property("naturalWidth") > 300
            browser.save_screenshot(str(SCREENSHOTS / f"{asset}_{number + 1}.png"))


def _found(browser: WebDriver, selector: str, seconds: float = 30) -> WebElement:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.expected_conditions import visibility_of_element_located
    from selenium.webdriver.support.wait import WebDriverWait

    shown = visibility_of_element_located((By.CSS_SELECTOR, selector))
    return WebDriverWait(browser, seconds).until(shown)


def _the_failing_cases(browser: WebDriver, address: str) -> None:
    browser.get(f"{address}/assets/job_change/validated?view=checks&checkDetail=nothing_quarantined")
    _until(browser, lambda text: "nothing_quarantined" in text and "rows_per_rule" in text)
    browser.save_screenshot(str(SCREENSHOTS / "checks.png"))


def _a_click_reuses_what_is_unchanged(browser: WebDriver, address: str) -> None:
    from selenium.webdriver.common.by import By

    browser.get(f"{address}/assets/job_change/model")
    before = _materializations(address, "model")
    _until(browser, lambda text: "Materialize" in text)
    button = next(b for b in browser.find_elements(By.TAG_NAME, "button") if b.text.startswith("Materialize"))
    button.click()
    for _ in range(180):
        after = _materializations(address, "model")
        if len(after) > len(before):
            break
        time.sleep(0.5)
    assert len(after) == len(before) + 1
    assert after[0]["reused"]
    assert after[0]["version"] == before[0]["version"]


def _materializations(address: str, asset: str) -> list[dict[str, object]]:
    fields = "assetMaterializations {tags {key value} metadataEntries {label}}"
    path = json.dumps(["job_change", asset])
    query = f"{{assetOrError(assetKey: {{path: {path}}}) {{... on Asset {{{fields}}}}}}}"
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found = json.load(answer)["data"]["assetOrError"]["assetMaterializations"]
    return [
        {
            "reused": any(entry["label"] == "reused" for entry in one["metadataEntries"]),
            "version": next(t["value"] for t in one["tags"] if t["key"] == "dagster/data_version"),
        }
        for one in found
    ]


def _until(browser: WebDriver, true_of: object, seconds: float = 60) -> None:
    """Wait for the page's text to fulfil a condition."""
    from selenium.webdriver.common.by import By

    end, text = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        text = browser.find_element(By.TAG_NAME, "body").text
        if true_of(text):  # type: ignore[operator]
            return
        time.sleep(0.3)
    browser.save_screenshot(str(SCREENSHOTS / "not-found.png"))
    raise AssertionError(text)
