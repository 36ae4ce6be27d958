"""A graph as boxes and lines: layers from left to right, each right of all that its records were made from.

Of many batches the last ones are drawn, and the others as one box for each asset.
"""

from __future__ import annotations

from dataclasses import dataclass

from mlplatform.lineage.graph import Graph, Node
from mlplatform.lineage.page.cells import BATCHES
from mlplatform.ml.steps import PER_BATCH

_DRAWN_BATCHES = 8
_WIDTH, _HEIGHT, _BESIDE, _BELOW = 118, 40, 26, 12
_LETTERS = 16


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing's size for one record, or for one asset of many batches."""

    key: str
    asset: str
    text: str
    title: str
    href: str
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Drawing:
    """Boxes of `box_width` x `box_height` and curves (SVG paths), on a surface of this size."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    curves: tuple[str, ...]
    box_width: int = _WIDTH
    box_height: int = _HEIGHT


def draw(graph: Graph) -> Drawing:
    """The drawing of a graph; the same for the same graph."""
    drawn, edges = _boxes(graph)
    layers = _layers(list(drawn), edges)
    columns: dict[int, list[Box]] = {}
    for key, box in drawn.items():
        columns.setdefault(layers[key], []).append(box)
    tallest = max((len(column) for column in columns.values()), default=0)
    placed: dict[str, Box] = {}
    for layer, column in columns.items():
        above = (tallest - len(column)) * (_HEIGHT + _BELOW) // 2
        for row, box in enumerate(sorted(column, key=lambda one: (one.key[:1] != "+", one.text, one.asset))):
            x, y = layer * (_WIDTH + _BESIDE), above + row * (_HEIGHT + _BELOW)
            placed[box.key] = Box(box.key, box.asset, box.text, box.title, box.href, x, y)
    return Drawing(
        width=max(len(columns) * (_WIDTH + _BESIDE) - _BESIDE, _WIDTH),
        height=max(tallest * (_HEIGHT + _BELOW) - _BELOW, _HEIGHT),
        boxes=tuple(placed.values()),
        curves=tuple(_curve(placed[source], placed[target]) for source, target in edges),
    )


def _boxes(graph: Graph) -> tuple[dict[str, Box], list[tuple[str, str]]]:
    """The boxes by their keys, and the edges between them, each once."""
    recent = _recent_batches(graph)
    keys: dict[str, str] = {}
    boxes: dict[str, Box] = {}
    for node in graph.nodes:
        together = node.asset in PER_BATCH and node.batch not in recent
        key = f"+{node.asset}" if together else node.id
        keys[node.id] = key
        if together:
            boxes[key] = Box(key, node.asset, "earlier batches", f"{node.asset} of earlier batches", BATCHES)
        else:
            boxes[key] = _box(node)
    edges = dict.fromkeys((keys[source], keys[target]) for source, target in graph.edges)
    return boxes, [(source, target) for source, target in edges if source != target]


def _recent_batches(graph: Graph) -> set[str]:
    batches = {str(one.batch): None for one in graph.nodes if one.asset in PER_BATCH}
    return set(list(batches)[-_DRAWN_BATCHES:])


def _box(node: Node) -> Box:
    facts = node.facts
    text = str(node.batch or facts.get("version") or facts.get("model_version") or node.sha256[:12])
    short = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
    return Box(node.id, node.asset, short, f"{node.id} {text} {node.sha256}", f"#{node.id}")


def _layers(keys: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """How many steps each box is away from its first beginnings, along the longest way."""
    layers = dict.fromkeys(keys, 0)
    for _ in keys:  # as often as the longest way can be
        moved = False
        for source, target in edges:
            if layers[target] <= layers[source]:
                layers[target], moved = layers[source] + 1, True
        if not moved:
            break
    made = {target for _, target in edges}
    for key in keys:  # the champion, whose own beginnings are not in the graph, stands before who met it
        after = [layers[target] for source, target in edges if source == key]
        if key not in made and after:
            layers[key] = min(after) - 1
    return layers


def _curve(source: Box, target: Box) -> str:
    x, y = source.x + _WIDTH, source.y + _HEIGHT // 2
    to_x, to_y = target.x, target.y + _HEIGHT // 2
    half = (x + to_x) // 2
    return f"M{x} {y} C{half} {y} {half} {to_y} {to_x} {to_y}"
