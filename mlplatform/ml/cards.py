"""The model card: what a model is for, how good it is and what it was made from (Mitchell et al., 2019).

A card is plain data; ``to_html`` writes one self-contained printable page, ``to_markdown`` the same content
for Dagster's metadata. Both escape every text, since descriptions, slice values and column names come from
outside.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from mlplatform.ml.looks import warning
from mlplatform.ml.plots import data_uri, markdown_image
from mlplatform.ml.verdict import BASELINE

if TYPE_CHECKING:
    from jinja2 import Template

Rows = list[tuple[str, ...]]


@dataclass(frozen=True)
class ModelCard:
    """What a card shows.

    ``created`` is an ISO 8601 time in UTC. ``verdict`` is ``Verdict.to_json()``. ``class_balance`` is set ->
    class -> rows and empty for regression. ``importance`` holds (column, loss of the metric when shuffled).
    ``plots`` maps a title to PNG bytes, shown in this order. ``environment`` is that of `ml.environment`,
    ``held_out`` that of `ml.held_out`. ``looks`` says how often hold-outs drawn by the same rule were looked
    at, this time included; 0 where nobody counted.
    """

    use_case: str
    model_version: str
    task: str
    created: str
    description: str
    intended_use: str
    limits: str
    owners: Sequence[str]
    verdict: Mapping[str, Any]
    metrics: Mapping[str, float]
    training_rows: int
    validation_rows: int
    batches: int
    rows_in: int
    quarantined_rows: int
    training_digest: str
    validation_digest: str
    hyperparameters: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)
    class_balance: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    importance: Sequence[tuple[str, float]] = ()
    plots: Mapping[str, bytes] = field(default_factory=dict)
    looks: int = 0
    looks_at_this_set: int = 0
    held_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A titled table of texts that are not yet escaped; all columns but the first ``texts`` hold numbers."""

    title: str
    head: tuple[str, ...]
    rows: Rows
    texts: int = 1
    note: str = ""


def to_html(card: ModelCard) -> str:
    """The card as one page without scripts or outside resources; plots are data URIs."""
    return _template().render(
        card=card,
        tables={table.title: table for table in _tables(card)},
        stated=stated,
        plots=[(title, data_uri(png)) for title, png in card.plots.items()],
    )


def to_markdown(card: ModelCard) -> str:
    """The card as GitHub-flavoured markdown, plots inline."""
    verdict = card.verdict
    parts = [
        f"# {_plain(card.use_case)}: model {_plain(card.model_version)}",
        f"**{_plain(verdict['decision'])}** {_plain(verdict['reason'])}",
        _plain(stated(card.description)),
        f"**Intended use.** {_plain(stated(card.intended_use))}",
        f"**Limits.** {_plain(stated(card.limits))}",
        *(_markdown_table(table) for table in _tables(card)),
        *(markdown_image(png, title) for title, png in card.plots.items()),
    ]
    return "\n\n".join(parts) + "\n"


def stated(text: str) -> str:
    """The text, or that there is none: an empty heading looks like a fault of the page."""
    return text if text.strip() else "not stated"


def _tables(card: ModelCard) -> list[Table]:
    """Every table with content, in reading order."""
    tables = [
        _about(card),
        _performance(card),
        _slices(card),
        Table("Metrics on the validation set", ("metric", "value"), _numbers(card.metrics.items())),
        _data(card),
        Table("Held-out rows", ("", ""), _texts(card.held_out), texts=2),
        _classes(card),
        Table("What the model relies on", ("column", "loss when shuffled"), _numbers(card.importance)),
        Table("Hyperparameters", ("name", "value"), _texts(card.hyperparameters), texts=2),
        Table("Environment", ("name", "value"), _texts(_flat(card.environment)), texts=2),
    ]
    return [table for table in tables if table.rows]


def _about(card: ModelCard) -> Table:
    facts = {
        "Task": card.task.replace("_", " "),
        "Model version": card.model_version,
        "Created": card.created,
        "Owners": ", ".join(card.owners) or "none named",
        "Training set digest": card.training_digest,
        "Validation set digest": card.validation_digest,
    }
    return Table("About", ("", ""), _texts(facts), texts=2)


def _performance(card: ModelCard) -> Table:
    """Challenger, champion, gain and baseline, as far as the verdict has them."""
    verdict = card.verdict
    named = {
        "This model": "challenger",
        "Champion before it": "champion",
        "Gain over the champion": "difference",
    }
    rows: Rows = [(title, *_interval(verdict[key])) for title, key in named.items() if verdict.get(key)]
    if verdict.get("baseline") is not None:
        name = str(verdict.get("baseline_name", BASELINE))
        rows.append((name[:1].upper() + name[1:], _number(verdict["baseline"]), ""))
    return Table("Performance", ("", str(verdict["metric"]), "interval"), rows)


def _slices(card: ModelCard) -> Table:
    """The deciding metric per slice, the baseline's where it is known, and the largest gap of each column."""
    slices = card.verdict.get("slices") or []
    rows: Rows = []
    compared = card.verdict.get("baseline") is not None and any("baseline" in each for each in slices)
    for each in slices:
        shown = (*_interval(each["estimate"]), *([_number(each.get("baseline"))] if compared else []))
        rows.append((each["column"], each["value"], f"{each['rows']:,}", *shown))
    gaps = []
    for column in dict.fromkeys(each["column"] for each in slices):
        values = [each["estimate"]["value"] for each in slices if each["column"] == column]
        known = [value for value in values if value is not None]
        if len(known) > 1:
            gaps.append(f"{column} {_number(max(known) - min(known))}")
    notes = [f"Largest difference between two slices: {', '.join(gaps)}."] if gaps else []
    head = ("column", "value", "rows", str(card.verdict["metric"]), "interval", "baseline")
    if compared:
        notes.append(f"Baseline: {card.verdict.get('baseline_name', BASELINE)}.")
    return Table("Performance by slice", head if compared else head[:-1], rows, texts=2, note=" ".join(notes))


def _data(card: ModelCard) -> Table:
    share = card.quarantined_rows / card.rows_in if card.rows_in else 0.0
    counts = {
        "Batches": f"{card.batches:,}",
        "Rows in": f"{card.rows_in:,}",
        "Rows quarantined": f"{card.quarantined_rows:,} ({share:.2%})",
        "Rows in the training set": f"{card.training_rows:,}",
        "Rows in the validation set": f"{card.validation_rows:,}",
    }
    if card.looks:
        counts["Looks at the validation set"] = f"{card.looks_at_this_set:,}"
        counts["Looks at hold-outs by its rule"] = f"{card.looks:,}"
    return Table("Data", ("", "count"), _texts(counts), note=warning(card.looks))


def _classes(card: ModelCard) -> Table:
    rows: Rows = []
    for name, counts in card.class_balance.items():
        total = sum(counts.values()) or 1
        for label, count in counts.items():
            rows.append((name, str(label), f"{count:,}", f"{count / total:.1%}"))
    return Table("Classes", ("set", "class", "rows", "share"), rows, texts=2)


def _interval(estimate: Mapping[str, float | None]) -> tuple[str, str]:
    low, high = _number(estimate["low"]), _number(estimate["high"])
    return _number(estimate["value"]), f"{low} to {high}"


def _numbers(pairs: Iterable[tuple[str, float]]) -> Rows:
    return [(str(name), _number(value)) for name, value in pairs]


def _texts(pairs: Mapping[str, object]) -> Rows:
    return [(str(name), str(value)) for name, value in pairs.items()]


def _flat(environment: Mapping[str, object]) -> dict[str, object]:
    """Libraries beside the rest, and the hash last, with what it is the hash of."""
    flat = dict(environment)
    libraries, sha256 = flat.pop("libraries", None), flat.pop("sha256", None)
    if isinstance(libraries, Mapping):
        flat |= {name: version or "not installed" for name, version in libraries.items()}
    return flat | ({"sha256 of this environment": sha256} if sha256 else {})


def _number(value: float | None) -> str:
    """Four decimals, or two above 1,000 where more would be noise; a word for what is undefined. No -0."""
    if value is None or math.isnan(value):
        return "undefined"
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:z.4f}"


def _markdown_table(table: Table) -> str:
    alignment = ["---" if index < table.texts else "---:" for index in range(len(table.head))]
    lines = [[_plain(text) for text in row] for row in (table.head, *table.rows)]
    lines.insert(1, alignment)
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    note = f"\n\n{_plain(table.note)}" if table.note else ""
    return f"## {table.title}\n\n{body}{note}"


def _plain(text: object) -> str:
    """Text without meaning as markdown or HTML, on one line."""
    marked = re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", " ".join(str(text).split()))
    return html.escape(marked, quote=False)


@cache
def _template() -> Template:
    """``card.html`` beside this module, compiled once per process; undefined names are errors."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(files("mlplatform.ml").joinpath("card.html").read_text(encoding="utf-8"))
