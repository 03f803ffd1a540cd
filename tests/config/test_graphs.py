"""Where the boxes and lines of a graph in columns go."""

from __future__ import annotations

from config.graphs import BOX_HEIGHT, BOX_WIDTH, GAP_X, THICKEST, TOP, Column, Edge, Node, layered


def test_it_works() -> None:
    graph = layered(
        [
            Column("Files", [Node("a", "a.jsonl", "2 prompts"), Node("b", "b.jsonl")]),
            Column("Data", [Node("v", "v1")]),
        ],
        [Edge("a", "v", 30), Edge("b", "v", 10)],
    )
    assert [heading.text for heading in graph.headings] == ["Files", "Data"]
    places = {box.node.key: (box.x, box.y) for box in graph.boxes}
    assert places["a"] == (0, TOP)
    assert places["v"][0] == BOX_WIDTH + GAP_X
    # Half-way between the two beside it.
    assert places["a"][1] < places["v"][1] < places["b"][1]
    assert [line.width for line in graph.lines] == [THICKEST, 3.0]
    assert graph.lines[0].title == "a.jsonl → v1: 30"
    assert graph.width == 2 * BOX_WIDTH + GAP_X
    assert graph.height >= max(y for _, y in places.values()) + BOX_HEIGHT


def test_empty_columns_and_edges_to_nowhere_are_left_out() -> None:
    graph = layered([Column("Empty"), Column("Data", [Node("v", "v1")])], [Edge("v", "gone"), Edge("x", "v")])
    assert [heading.text for heading in graph.headings] == ["Data"]
    assert graph.lines == []
    assert layered([], []).boxes == []


def test_a_long_name_is_cut_and_stays_in_full_beside_it() -> None:
    [box] = layered([Column("Data", [Node("v", "x" * 40)])], []).boxes
    assert box.label.endswith("…")
    assert len(box.label) == 18
    assert box.node.label == "x" * 40
