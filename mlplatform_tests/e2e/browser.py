"""A real browser without a window."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlplatform_tests.requirements import require

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

# No background traffic: nothing but the pages under test is fetched.
_OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1600,1200"
)


@contextmanager
def chromium(profile: Path) -> Iterator[WebDriver]:
    """Chromium with an empty profile in `profile`; its processes end with the block."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        require("browser", "chromium and chromedriver are not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for option in [*_OPTIONS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(option)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()
