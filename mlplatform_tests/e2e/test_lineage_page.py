"""The lineage page in a browser, from a file: its links lead to records, and nothing is loaded."""

from __future__ import annotations

import shutil
from base64 import b64decode
from pathlib import Path
from urllib.parse import urldefrag

from mlplatform_tests.cli.conftest import command_in
from mlplatform_tests.e2e.browser import chromium

_REQUESTS = "return performance.getEntriesByType('resource').map(one => one.name);"
_ADDRESS = "return arguments[0].href.baseVal || arguments[0].href"
_REASON = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


def test_it_opens_from_a_file_without_a_request_and_its_links_lead_to_records(
    trained_home: Path, tmp_path: Path
) -> None:
    from selenium.webdriver.common.by import By

    shutil.copytree(trained_home, tmp_path / "home", copy_function=shutil.copy2)
    run, out = command_in(tmp_path / "home"), tmp_path / "page.html"
    version = run("status", "job_change", "--json").json["model_version"]
    approved = run("approve", "job_change", version, "--by", "anna", "--reason", _REASON)
    assert approved.code == 0, approved.err
    written = run("lineage", "page", "job_change", "--version", version, "--out", out, "--json")
    assert written.json == {
        "use_case": "job_change",
        "model_version": version,
        "page": str(out),
        "records": written.json["records"],
    }
    with chromium(tmp_path / "profile") as browser:
        browser.get(out.as_uri())
        assert browser.title == f"job_change: lineage of model {version}"
        body = browser.find_element(By.TAG_NAME, "body").text
        assert _REASON in body
        assert version in browser.find_element(By.TAG_NAME, "h1").text
        links = browser.find_elements(By.CSS_SELECTOR, "a")
        targets = {urldefrag(browser.execute_script(_ADDRESS, one)) for one in links}
        assert len(links) > 20
        for address, anchor in targets:
            assert address in ("", out.as_uri())
            assert browser.execute_script("return !!document.getElementById(arguments[0])", anchor), anchor
        boxes = browser.find_elements(By.CSS_SELECTOR, "svg a")
        assert len(boxes) >= 9
        browser.execute_script("arguments[0].scrollIntoView()", boxes[0])
        boxes[0].click()
        assert urldefrag(browser.current_url)[1].partition(":")[0] in body
        assert browser.execute_script(_REQUESTS) == []
        assert browser.get_log("browser") == []
        assert browser.title == f"job_change: lineage of model {version}"
        assert b64decode(browser.print_page()).startswith(b"%PDF")
