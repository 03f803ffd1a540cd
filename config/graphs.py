"""Graphs in columns, drawn by the server: where each box and line goes, in the drawing's own units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

BOX_WIDTH, BOX_HEIGHT = 172, 42
GAP_X, GAP_Y = 44, 12
TOP = 28
LABEL_LETTERS = 18
THICKEST = 7.0


@dataclass(frozen=True)
class Node:
    """A thing with what there is to say of it; `url` is its page, empty where it has none."""

    key: str
    label: str
    detail: str = ""
    url: str = ""


@dataclass(frozen=True)
class Edge:
    """From one node to another, by their keys; `n` is how much goes along it."""

    start: str
    end: str
    n: int = 1


@dataclass(frozen=True)
class Column:
    """A stage: what stands under one heading."""

    heading: str
    nodes: Sequence[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Box:
    node: Node
    x: int
    y: int
    label: str


@dataclass(frozen=True)
class Line:
    path: str
    width: float
    title: str


@dataclass(frozen=True)
class Heading:
    text: str
    x: int


@dataclass(frozen=True)
class Graph:
    """Everything `components/graph.html` draws."""

    headings: list[Heading]
    boxes: list[Box]
    lines: list[Line]
    width: int
    height: int
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def layered(columns: Sequence[Column], edges: Sequence[Edge]) -> Graph:
    """Columns from left to right, without those that are empty; each centred beside the tallest.

    A line is as thick as its share of all that goes between the same two columns. Edges to keys that no node
    has are left out.
    """
    filled = [column for column in columns if column.nodes]
    tallest = max((len(column.nodes) for column in filled), default=0)
    boxes: dict[str, Box] = {}
    place: dict[str, int] = {}
    for number, column in enumerate(filled):
        start = TOP + (tallest - len(column.nodes)) * (BOX_HEIGHT + GAP_Y) // 2
        for row, node in enumerate(column.nodes):
            x, y = number * (BOX_WIDTH + GAP_X), start + row * (BOX_HEIGHT + GAP_Y)
            boxes[node.key] = Box(node, x, y, _short(node.label))
            place[node.key] = number
    drawn = [edge for edge in edges if edge.start in boxes and edge.end in boxes]
    most: dict[tuple[int, int], int] = {}
    for edge in drawn:
        between = (place[edge.start], place[edge.end])
        most[between] = max(most.get(between, 1), edge.n)
    return Graph(
        headings=[
            Heading(column.heading, number * (BOX_WIDTH + GAP_X)) for number, column in enumerate(filled)
        ],
        boxes=list(boxes.values()),
        lines=[
            _line(boxes[edge.start], boxes[edge.end], edge, most[place[edge.start], place[edge.end]])
            for edge in drawn
        ],
        width=max(len(filled) * (BOX_WIDTH + GAP_X) - GAP_X, BOX_WIDTH),
        height=TOP + max(tallest * (BOX_HEIGHT + GAP_Y) - GAP_Y, 0),
    )


def _line(start: Box, end: Box, edge: Edge, most: int) -> Line:
    x1, y1 = start.x + BOX_WIDTH, start.y + BOX_HEIGHT // 2
    x2, y2 = end.x, end.y + BOX_HEIGHT // 2
    bend = max((x2 - x1) // 2, GAP_X // 2)
    return Line(
        path=f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}",
        width=round(1 + (THICKEST - 1) * edge.n / most, 2),
        title=f"{start.node.label} → {end.node.label}: {edge.n:,}",
    )


def _short(label: str) -> str:
    return label if len(label) <= LABEL_LETTERS else label[: LABEL_LETTERS - 1] + "…"
