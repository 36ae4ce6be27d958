from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mlplatform.lineage import trace
from mlplatform.lineage.page import page_of
from mlplatform.lineage.records import latest_by_batch
from mlplatform_tests.history import NAME, History, history_in
from mlplatform_tests.year import Told

EVIL = '<script>document.title="taken"</script> & "quoted"'


class Anchors(HTMLParser):
    """Which anchors a page has, which links lead to where, and what it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif name == "href":
                self.links.append(str(value))
            elif name in ("src", "srcset", "data", "action"):
                self.loads.append(str(value))


@pytest.fixture
def released(trained_home: Path, tmp_path: Path) -> Iterator[History]:
    """A home whose one model was approved, for an evil reason, and deployed."""
    shutil.copytree(trained_home, tmp_path / "home", copy_function=shutil.copy2)
    with history_in(tmp_path / "home") as history:
        version = str(history.latest("model").details["version"])
        said = {"approver": "anna", "reason": EVIL, "model_version": version, "decision": "approve"}
        assert history.materialize("approval", config=said).success
        history.deploy(version)
        yield history


def text_of(page: str) -> str:
    return re.sub(r"<[^>]+>", "", page)


def of_every_link(page: str) -> dict[str, str]:
    """The text below the heading of each of the six links."""
    blocks = re.findall(r"<div>\n<h2>(.*?)</h2>(.*?)</div>", page, re.S)
    return {title: text_of(block) for title, block in blocks}


def test_all_six_links_are_there_with_who_and_why(released: History) -> None:
    graph = trace(released.instance, NAME)
    page = page_of(graph)
    (model,), (landed,) = graph.of("model"), graph.of("landed_file")
    (features,), (training,), (validation,) = (
        graph.of(name) for name in ("features", "training_set", "validation_set")
    )
    links = of_every_link(page)
    assert list(links) == [
        "Data it was trained on", "Features it used", "Validation set", "Model", "Approval",
        "Deployment history",
    ]  # fmt: skip
    assert training.sha256 in links["Data it was trained on"]
    assert f"{training.facts['rows']:,} rows" in links["Data it was trained on"]
    assert features.code_version in links["Features it used"]
    assert validation.sha256 in links["Validation set"]
    assert f"{model.facts['version']}, sha256 {model.sha256}" in links["Model"]
    assert "anna approves: &lt;script&gt;" in links["Approval"]
    assert "deployed at" in links["Deployment history"]
    counts = graph.of("validated")[0].facts
    (row,) = re.findall(rf'<tr><td><a href="#{landed.id}">.*?</tr>', page)
    cells = [text_of(one) for one in re.findall(r"<td.*?</td>", row)]
    assert cells[3:] == [
        landed.sha256,
        *(f"{counts[name]:,}" for name in ("rows_in", "validated", "quarantined")),
        features.sha256,
    ]


def test_every_link_leads_to_one_anchor_and_nothing_is_loaded(released: History) -> None:
    graph = trace(released.instance, NAME)
    found = Anchors(page_of(graph))
    assert len(found.ids) == len(set(found.ids))
    assert {one.id for one in graph.nodes} <= set(found.ids)
    assert {one.removeprefix("#") for one in found.links} <= set(found.ids)
    assert all(one.startswith("#") for one in found.links)
    assert found.loads == []
    assert not found.tags & {"script", "link", "iframe", "img", "object"}


def test_what_people_say_stands_there_as_text(released: History) -> None:
    page = page_of(trace(released.instance, NAME))
    assert "<script" not in page
    assert "&lt;script&gt;document.title=&#34;taken&#34;&lt;/script&gt; &amp; &#34;quoted&#34;" in page


def test_in_the_ui_each_materialization_names_the_command_that_tells_the_same(released: History) -> None:
    version = released.latest("model").details["version"]
    for asset in ("model", "evaluation", "model_card", "approval", "endpoint"):
        said = released.latest(asset).metadata["lineage"].value
        assert said == f"mlplatform lineage trace {NAME} --version {version}"
    (landed,) = trace(released.instance, NAME).of("landed_file")
    for asset in ("raw", "validated", "quarantine", "features"):
        said = latest_by_batch(released.instance, NAME, asset)[str(landed.batch)].metadata["lineage"].value
        assert said == f"mlplatform lineage impact {NAME} --batch {landed.batch}"


def test_the_same_trace_gives_the_same_page(released: History) -> None:
    assert page_of(trace(released.instance, NAME)) == page_of(trace(released.instance, NAME))


def test_many_batches_are_all_in_the_table_and_the_drawing_stays_small(weeks: History, told: Told) -> None:
    graph = trace(weeks.instance, NAME)
    page = page_of(graph)
    found = Anchors(page)
    assert {one.removeprefix("#") for one in found.links} <= set(found.ids)
    landed = graph.of("landed_file")
    assert len(landed) > 8
    for one in landed:
        assert f'<td><a href="#{one.id}">{one.sha256}</a></td>' in page
    assert len(re.findall("<rect", page)) < len(graph.nodes)
    assert "earlier batches" in page
