"""Looking at a page and clicking: by text, role and address, and only once the page is ready for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

SCREENSHOTS = Path(__file__).parents[2] / "test-output"
DIALOG = "//*[@role='dialog']"

# Everything that is drawn and where; text is left out, as pages count the seconds since something happened.
# A page behind a dialog may wait for as long as the dialog is there.
_LAYOUT = """
const page = [...document.querySelectorAll('[role=dialog]')].pop() || document.body;
const seen = {opacityProperty: true, visibilityProperty: true};
const busy = [...page.querySelectorAll('[role=progressbar]')].some(one => one.checkVisibility(seen))
  || document.querySelector('[data-sonner-toast]') || /\\bLoading(\\.\\.\\.|…)/.test(page.innerText);
return busy ? '' : [...page.querySelectorAll('*')].map(one => {
  const at = one.getBoundingClientRect();
  return [one.tagName, Math.round(at.x), Math.round(at.y)].join();
}).join(';');
"""


def until(browser: WebDriver, true_of: Callable[[str], bool], seconds: float = 60) -> str:
    """The page's text as soon as it fulfils a condition."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.common.by import By

    end, text = time.monotonic() + seconds, ""
    while time.monotonic() < end:
        try:
            text = browser.find_element(By.TAG_NAME, "body").text
        except StaleElementReferenceException:
            continue
        if true_of(text):
            return text
        time.sleep(0.3)
    screenshot(browser, "not-found")
    raise AssertionError(f"not on {browser.current_url}:\n{text}")


def found(browser: WebDriver, xpath: str, seconds: float = 60) -> WebElement:
    """The first visible element that an XPath names."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.common.by import By

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for element in browser.find_elements(By.XPATH, xpath):
            try:
                if element.is_displayed():
                    return element
            except StaleElementReferenceException:  # drawn anew meanwhile
                break
        time.sleep(0.2)
    screenshot(browser, "not-found")
    raise AssertionError(f"not on {browser.current_url}: {xpath}")


def click(browser: WebDriver, xpath: str, seconds: float = 60) -> None:
    """Click it once it is there, enabled and not covered by anything."""
    from selenium.common.exceptions import (
        ElementClickInterceptedException,
        ElementNotInteractableException,
        StaleElementReferenceException,
    )

    end, last = time.monotonic() + seconds, "disabled"
    while time.monotonic() < end:
        element = found(browser, xpath, end - time.monotonic())
        try:
            if element.is_enabled():
                element.click()
                return
        except (
            ElementClickInterceptedException,
            ElementNotInteractableException,
            StaleElementReferenceException,
        ) as refused:
            last = str(refused.msg)
        time.sleep(0.3)
    screenshot(browser, "not-found")
    raise AssertionError(f"cannot be clicked on {browser.current_url}: {xpath}: {last}")


def gone(browser: WebDriver, xpath: str, seconds: float = 60) -> None:
    """Wait until nothing on the page has this XPath."""
    from selenium.webdriver.common.by import By

    end = time.monotonic() + seconds
    while browser.find_elements(By.XPATH, xpath):
        assert time.monotonic() < end, f"still on {browser.current_url}: {xpath}"
        time.sleep(0.2)


def button(label: str, within: str = "") -> str:
    """The XPath of a button by what stands on it."""
    return f"{within}//button[normalize-space(.)={label!r}]"


def settled(browser: WebDriver, seconds: float = 60) -> None:
    """Wait until nothing loads, no note covers the page, and everything has kept its place for a second."""
    end, seen, since = time.monotonic() + seconds, "", time.monotonic()
    while time.monotonic() < end:
        layout = str(browser.execute_script(_LAYOUT))
        if not layout or layout != seen:
            seen, since = layout, time.monotonic()
        elif time.monotonic() - since >= 1:
            return
        time.sleep(0.2)
    screenshot(browser, "not-found")
    raise AssertionError(f"{browser.current_url} does not come to rest")


def screenshot(browser: WebDriver, name: str) -> None:
    """Keep what the page looks like."""
    SCREENSHOTS.mkdir(exist_ok=True)
    browser.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


def picture(browser: WebDriver, name: str) -> None:
    """A screenshot of the page at rest, with the mouse out of the way."""
    from selenium.webdriver.common.actions.action_builder import ActionBuilder

    mouse = ActionBuilder(browser)
    mouse.pointer_action.move_to_location(1, 1)  # type: ignore[no-untyped-call]
    mouse.perform()
    settled(browser)
    screenshot(browser, name)


@contextmanager
def sized(browser: WebDriver, width: int, height: int) -> Iterator[None]:
    """Another window size for a while. A graph fits itself only into the window that it is opened in."""
    before = browser.get_window_size()
    browser.set_window_size(width, height)
    try:
        yield
    finally:
        browser.set_window_size(before["width"], before["height"])
