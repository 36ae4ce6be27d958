"""A card shows everything it was given, and nothing it was given can act on the reader's browser."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplatform.ml import plots
from mlplatform.ml.cards import ModelCard, to_html, to_markdown
from mlplatform.ml.environment import environment
from mlplatform.ml.gate import Gate, Naive, judge

EVIL = "<script>alert('x')</script> ![x](http://example.org/x.png) \"quoted\" | & more"


def _verdict() -> dict[str, Any]:
    random = np.random.default_rng(0)
    y = (random.random(400) < 0.4).astype(float)
    frame = pd.DataFrame({"gender": ["Female", "Male"] * 200})
    gate = Gate(metric="roc_auc", minimum=0.5, slices=("gender",))
    return judge(
        gate,
        y,
        y * 0.3 + random.random(400),
        random.random(400),
        Naive("the forecast of the plan", np.ones(400)),
        frame,
    ).to_json()


def _card(text: str = "plain", **changes: Any) -> ModelCard:
    card = ModelCard(
        use_case=f"job_change {text}",
        model_version=f"3f9a1c22b0de {text}",
        task="binary_classification",
        created="2026-03-04T09:12:55Z",
        description=f"description {text}",
        intended_use=f"use {text}",
        limits=f"limits {text}",
        owners=[f"owner {text}"],
        verdict=_verdict(),
        metrics={"roc_auc": 0.78364, f"rows_per_second {text}": 123456.789},
        training_rows=15328,
        validation_rows=3830,
        batches=12,
        rows_in=19287,
        quarantined_rows=129,
        training_digest="a" * 64,
        validation_digest="b" * 64,
        hyperparameters={"learning_rate": 0.05, f"name {text}": text},
        environment={"python": "3.11.9", f"library {text}": text},
        class_balance={f"training set {text}": {f"stays {text}": 11513, "leaves": 3815}},
        importance=[(f"city {text}", 0.11592), ("age", -0.0012)],
        plots={f"plot {text}": plots.importance([("city", 0.1)])},
    )
    return dataclasses.replace(card, **changes)


NUMBERS = [
    *("0.7836", "123,456.79", "15,328", "3,830", "12", "19,287", "129 (0.67%)", "0.05", "3.11.9"),
    *("11,513", "75.1%", "3,815", "24.9%", "0.1159", "-0.0012", "2026-03-04T09:12:55Z", "a" * 64, "b" * 64),
]


class _Page(HTMLParser):
    """Collects the tags, what they point to, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def test_page_has_every_number_and_text() -> None:
    card = _card()
    text = _Page(to_html(card)).text
    for number in NUMBERS:
        assert number in text
    assert str(card.verdict["reason"]) in text
    for field in ("description", "intended_use", "limits", "use_case", "model_version"):
        assert getattr(card, field) in text


def test_markdown_has_every_number_and_the_plots() -> None:
    page = to_markdown(_card())
    for number in NUMBERS:
        assert number in page
    assert page.count("](data:image/png;base64,") == 1


@pytest.mark.parametrize("write", [to_html, to_markdown])
def test_numbers_of_the_verdict_are_shown(write: Callable[[ModelCard], str]) -> None:
    card = _card()
    page = write(card)
    estimates = [card.verdict[name] for name in ("challenger", "champion", "difference")]
    estimates += [each["estimate"] for each in card.verdict["slices"]]
    for estimate in estimates:
        assert f"{estimate['value']:.4f}" in page
        assert f"{estimate['low']:.4f} to {estimate['high']:.4f}" in page
    first, second = (each["estimate"]["value"] for each in card.verdict["slices"])
    assert f"gender {abs(first - second):.4f}" in page


def test_page_escapes_every_text() -> None:
    verdict = _verdict()
    verdict |= {"decision": EVIL, "reason": EVIL, "metric": EVIL}
    for each in verdict["slices"]:
        each |= {"column": EVIL, "value": EVIL}
    card = _card(EVIL, verdict=verdict, task=EVIL, created=EVIL, training_digest=EVIL, validation_digest=EVIL)
    html, markdown = to_html(card), to_markdown(card)
    page = _Page(html)
    assert "script" not in page.tags
    assert page.tags == _Page(to_html(_card())).tags
    assert page.handlers == []
    assert "<script" not in markdown
    assert re.findall(r"(?<!\\)\]\(([^)]{0,5})", markdown) == ["data:"]


def test_page_needs_nothing_from_outside() -> None:
    html = to_html(_card())
    page = _Page(html)
    assert page.addresses
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not re.search(r"https?://|//\w+\.|@import|url\(", re.sub(r"base64,[A-Za-z0-9+/=]+", "", html))
    assert not page.tags & {"script", "link", "iframe", "object", "form"}


def test_markdown_tables_keep_their_columns() -> None:
    text = to_markdown(_card("a | b\nc"))
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1


def test_first_regression_model_leaves_out_what_it_has_not() -> None:
    y = np.linspace(0, 1, 100)
    verdict = judge(Gate(metric="mae", minimum=0.5), y, y + 0.1).to_json()
    bare: dict[str, Any] = {
        "class_balance": {},
        "importance": [],
        "plots": {},
        "hyperparameters": {},
        "environment": {},
    }
    card = _card(verdict=verdict, task="regression", rows_in=0, quarantined_rows=0, owners=[], **bare)
    for page in (to_html(card), to_markdown(card)):
        for title in (
            "Classes",
            "What the model relies on",
            "Champion",
            "Performance by slice",
            "Hyperparameters",
        ):
            assert title not in page
        assert "none named" in page
        assert "0 (0.00%)" in page


def test_undefined_estimate_is_shown_as_such() -> None:
    verdict = judge(Gate(metric="roc_auc", minimum=0.5), np.ones(100), np.linspace(0, 1, 100)).to_json()
    assert "undefined" in _Page(to_html(_card(verdict=verdict))).text
    assert "undefined" in to_markdown(_card(verdict=verdict))


def test_looks_are_shown_and_many_are_warned_of() -> None:
    few, many = to_html(_card(looks=3, looks_at_this_set=2)), to_html(_card(looks=30, looks_at_this_set=1))
    assert "Looks at hold-outs by its rule" in few
    assert "have been looked at" not in few
    assert "have been looked at 30 times; the more often, the less the verdict means" in many
    assert "Looks at" not in to_html(_card())


def test_the_baseline_is_called_what_it_is() -> None:
    assert "The forecast of the plan" in _Page(to_html(_card())).text
    before = {name: value for name, value in _verdict().items() if name != "baseline_name"}
    assert "Baseline" in _Page(to_html(_card(verdict=before))).text


def test_slices_show_the_baseline_where_the_verdict_has_it() -> None:
    verdict = _verdict()
    for each, value in zip(verdict["slices"], (0.43215, None), strict=True):
        each["baseline"] = value
    text = to_markdown(_card(verdict=verdict))
    female, male = (line for line in text.splitlines() if line.startswith("| gender"))
    assert female.endswith("| 0.4321 |") or female.endswith("| 0.4322 |")
    assert male.endswith("| undefined |")
    assert "Baseline: the forecast of the plan." in text
    assert "Baseline: the forecast of the plan." in _Page(to_html(_card(verdict=verdict))).text

    for each in verdict["slices"]:  # a verdict of an earlier version
        del each["baseline"]
    before = to_markdown(_card(verdict=verdict))
    assert "Baseline: " not in before
    assert "| rows | roc\\_auc | interval |\n" in before


def test_empty_words_are_said_to_be_missing() -> None:
    card = _card(description="", intended_use=" ", limits="")
    assert _Page(to_html(card)).text.count("not stated") == 3
    assert to_markdown(card).count("not stated") == 3
    assert "not stated" not in to_html(_card())


def test_no_number_is_less_than_nothing() -> None:
    text = to_markdown(_card(importance=[("age", -0.00001), ("city", -0.0001)]))
    assert "| age | 0.0000 |" in text
    assert "| city | -0.0001 |" in text


def test_the_environment_is_a_flat_table_that_says_what_its_hash_is_of() -> None:
    found = environment(threads=2)
    found["libraries"]["skops"] = None
    text = to_markdown(_card(environment=found))
    assert f"| sha256 of this environment | {found['sha256']} |" in text
    assert f"| numpy | {np.__version__} |" in text
    assert "| skops | not installed |" in text
    assert "| libraries |" not in text and "|  |\n" not in text.partition("## Environment")[2]


def test_the_held_out_rows_are_described() -> None:
    card = _card(held_out={"First held-out day": "2026-01-07"})
    for page in (_Page(to_html(card)).text, to_markdown(card)):
        assert "Held-out rows" in page and "2026-01-07" in page
    assert "Held-out rows" not in to_html(_card())


def test_same_card_gives_the_same_page() -> None:
    assert to_html(_card()) == to_html(_card())
