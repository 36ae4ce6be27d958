from __future__ import annotations

from mlplatform.lineage.graph import Graph, Node
from mlplatform.lineage.page.drawing import Box, draw


def node(asset: str, number: int, batch: str | None = None) -> Node:
    return Node(f"{asset}:{number}", asset, batch, "f" * 64, "", "2026-01-01T00:00:00.000+00:00", "")


def chain(batches: int) -> Graph:
    """Files and features of batches, a model of all of them, its evaluation beside a champion."""
    nodes, edges = [], []
    for number in range(batches):
        landed, made = node("landed_file", number, f"b{number:03}"), node("features", number, f"b{number:03}")
        nodes += [landed, made]
        edges += [(landed.id, made.id), (made.id, "model:1000")]
    nodes += [node("model", 999), node("model", 1000), node("evaluation", 1001)]
    edges += [("model:1000", "evaluation:1001"), ("model:999", "evaluation:1001")]
    return Graph({"use_case": "a", "model_version": "b"}, tuple(nodes), tuple(edges))


def overlap(one: Box, other: Box, width: int, height: int) -> bool:
    return abs(one.x - other.x) < width and abs(one.y - other.y) < height


def test_everything_stands_right_of_what_it_was_made_from_and_nothing_on_another() -> None:
    graph = chain(5)
    drawing = draw(graph)
    placed = {one.key: one for one in drawing.boxes}
    assert set(placed) == {one.id for one in graph.nodes}
    for source, target in graph.edges:
        assert placed[source].x < placed[target].x
    boxes = list(drawing.boxes)
    for number, one in enumerate(boxes):
        assert 0 <= one.x <= drawing.width - drawing.box_width
        assert 0 <= one.y <= drawing.height - drawing.box_height
        others = boxes[number + 1 :]
        assert not any(overlap(one, two, drawing.box_width, drawing.box_height) for two in others)
    assert len(drawing.curves) == len(graph.edges)
    assert placed["model:999"].x == placed["model:1000"].x


def test_of_many_batches_the_earlier_ones_are_one_box_for_each_asset() -> None:
    drawing = draw(chain(300))
    together = [one for one in drawing.boxes if one.text == "earlier batches"]
    assert sorted(one.asset for one in together) == ["features", "landed_file"]
    assert {one.href for one in together} == {"#batches"}
    assert {one.text for one in drawing.boxes if one.asset == "features"} == {
        "earlier batches", *(f"b{number}" for number in range(292, 300)),
    }  # fmt: skip


def test_the_same_graph_is_drawn_the_same_way_and_an_empty_one_too() -> None:
    assert draw(chain(20)) == draw(chain(20))
    assert draw(Graph({})).boxes == ()
