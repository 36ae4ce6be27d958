"""An impact as text: what answers now first, then what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlplatform.cli.output import columns

if TYPE_CHECKING:
    from mlplatform.lineage import Impact, Node

_SHOWN = 20


def in_words(found: Impact) -> Iterator[str]:
    """Lines of text."""
    subject = found.graph.subject
    what = {"batch": "Batch", "landed_file": "File", "row": "Row", "entity": "Entity"}[subject["kind"]]
    name = subject.get(subject["kind"], subject.get("file"))
    yield f"{what} {name} of {subject['use_case']} reached {len(found.graph.nodes):,} records."
    live = [one for one in found.graph.nodes if one.live]
    yield from _listed("Behind what answers now:" if live else "Nothing that answers now.", live)
    others = [one for one in found.graph.nodes if not one.live]
    title = "Besides, the last ones first:" if live else "It reached, the last ones first:"
    if others:
        yield from _listed(title, others[::-1])
    yield "What to do:"
    for number, one in enumerate(found.advice, start=1):
        yield f"  {number}. {one.why}" + (":" if one.command else ".")
        if one.command:
            yield f"     {one.command}"


def _listed(title: str, nodes: list[Node]) -> Iterator[str]:
    yield title
    yield from columns(_line(one) for one in nodes[:_SHOWN])
    if len(nodes) > _SHOWN:
        yield f"  and {len(nodes) - _SHOWN:,} more: {_counted(nodes[_SHOWN:])}. All of them: --json"


def _line(node: Node) -> tuple[str, ...]:
    facts = node.facts
    said = facts.get("verdict") or facts.get("outcome") or facts.get("action") or facts.get("file") or ""
    rows = facts.get("rows")
    about = node.batch or facts.get("version") or facts.get("model_version") or ""
    held = "" if rows is None else f"{rows:,} rows"
    return node.asset, str(about), node.time[:19], node.sha256[:12], str(said), held


def _counted(nodes: Iterable[Node]) -> str:
    counts: dict[str, int] = {}
    for one in nodes:
        counts[one.asset] = counts.get(one.asset, 0) + 1
    return ", ".join(f"{count:,} {asset}" for asset, count in counts.items())
