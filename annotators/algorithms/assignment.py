"""Order and balance: which pair comes when, which side is left, when gold is shown, when to ask once more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from annotators.algorithms.ratings import FloatArray, IntArray, coded

BoolArray = npt.NDArray[np.bool_]
Kind = Literal["id", "random", "uncertainty", "round_robin"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# A preference towards one response, −3…3 with 0 for a tie.
Answer = int | Literal["both_bad", "skip"]
WIDEST = 6

# About 700 words a minute, three times the speed of silent reading (Brysbaert, 2019: 238 words a minute).
READABLE_CHARS_PER_SECOND = 60
SHORTEST_READING_MS = 1000


@dataclass(frozen=True, eq=False)
class QueueOrder:
    """`position[i]` is the place of ids[i], a permutation of 0…n−1; `control[i]` says that it stands there by
    chance and not by the order's own rule."""

    position: IntArray
    control: BoolArray


def queue_order(
    kind: Kind,
    ids: Sequence[Any] | npt.NDArray[Any],
    *,
    seed: int,
    uncertainty: Sequence[float] | FloatArray | None = None,
    category: Sequence[Any] | npt.NDArray[Any] | None = None,
    control_share: float = 0.1,
) -> QueueOrder:
    """The order of a queue; `uncertainty` and `category` hold one element for each id.

    `id`: ascending. `random`: shuffled. `uncertainty`: the most uncertain first, unknown (NaN) last, equals
    shuffled; a random `control_share` of the items is the control arm, spread over the whole queue, so that
    what uncertain items teach can be compared with what any items teach. `round_robin`: one of each category
    in turn, shuffled within; a category that runs out is passed over.
    The same ids in another order get the same places.
    """
    if kind not in KINDS:
        raise ValueError(f"the order must be one of {', '.join(KINDS)}, not {kind!r}")
    ascending = _ascending(ids)
    rng = np.random.default_rng(seed)
    control = np.zeros(len(ascending), dtype=np.bool_)
    if kind == "id":
        queue = np.arange(len(ascending))
    elif kind == "random":
        queue = rng.permutation(len(ascending))
    elif kind == "uncertainty":
        doubt = np.asarray(_required(uncertainty, kind, ascending), dtype=np.float64)[ascending]
        queue, control = _uncertain_first(doubt, control_share, rng)
    else:
        codes, _ = coded(_required(category, kind, ascending))
        queue = _in_turn(codes[ascending], rng)
    position = np.empty(len(ascending), dtype=np.int64)
    position[ascending[queue]] = np.arange(len(ascending))
    flagged = np.empty_like(control)
    flagged[ascending] = control
    return QueueOrder(position, flagged)


def _ascending(ids: Sequence[Any] | npt.NDArray[Any]) -> IntArray:
    names, first = np.unique(np.asarray(ids), return_index=True)
    if len(names) != len(ids):
        raise ValueError("an id stands in the queue twice")
    return first.astype(np.int64, copy=False)


def _required(column: Any, kind: Kind, ascending: IntArray) -> Any:
    if column is None or len(column) != len(ascending):
        raise ValueError(
            f"the order {kind!r} needs one {'category' if kind == 'round_robin' else kind} per id"
        )
    return column


def _uncertain_first(
    doubt: FloatArray, control_share: float, rng: np.random.Generator
) -> tuple[IntArray, BoolArray]:
    """The queue, and which items are controls. Each control has a random seat in an equal stretch of it."""
    if not 0 <= control_share <= 1:
        raise ValueError(f"the control arm is a share of the queue, 0…1, not {control_share}")
    n = len(doubt)
    shuffled = rng.permutation(n)
    n_control = round(control_share * n)
    controls, others = shuffled[:n_control], shuffled[n_control:]
    edges = np.arange(n_control + 1) * n // max(n_control, 1)
    seats = rng.integers(edges[:-1], edges[1:])
    is_seat, is_control = np.zeros((2, n), dtype=np.bool_)
    is_seat[seats], is_control[controls] = True, True
    queue = np.empty(n, dtype=np.int64)
    queue[is_seat] = controls
    queue[~is_seat] = others[np.argsort(-doubt[others], kind="stable")]
    return queue, is_control


def _in_turn(category: IntArray, rng: np.random.Generator) -> IntArray:
    size = np.bincount(category)
    grouped = np.lexsort((rng.permutation(len(category)), category))
    turn = np.empty(len(category), dtype=np.int64)
    turn[grouped] = np.arange(len(category)) - np.repeat(np.cumsum(size) - size, size)
    return np.lexsort((rng.permutation(len(size))[category], turn))


def draw_left(
    a_left_on_pair: int, b_left_on_pair: int, a_left_by_person: int, b_left_by_person: int, coin: bool
) -> Literal["a", "b"]:
    """The side shown left less often on this pair; if equal, less often to this person; if equal, the coin
    (true: a). So the counts of a pair never differ by more than 1, whoever asks."""
    behind = (b_left_on_pair - a_left_on_pair) or (b_left_by_person - a_left_by_person)
    return "a" if behind > 0 or (behind == 0 and coin) else "b"


def gold_turn(n_answered: int, share: float, seed: int | str) -> bool:
    """Whether a person who has answered `n_answered` pairs is shown gold next.

    Exactly one turn of each block of round(1 / share) is, at a place hashed from seed and block: the seed
    must be the person's own, and secret. Share 0 never shows gold.
    """
    if not 0 <= share <= 0.5:
        raise ValueError(f"the share of gold lies between 0 and 0.5, not at {share}")
    if n_answered < 0:
        raise ValueError(f"{n_answered} answers is not a count")
    if share == 0:
        return False
    length = round(1 / share)
    block, turn = divmod(n_answered, length)
    digest = hashlib.blake2b(f"{seed}:{block}".encode(), digest_size=16).digest()
    return turn == int.from_bytes(digest, "big") % length


def wants_another(answers: Sequence[Answer], n_asked: int, cap: int) -> bool:
    """Whether to raise a pair's overlap by one: everyone asked has answered, they name different winners,
    and fewer than `cap` were asked.

    A tie and both-bad are winners of their own; a skip is in, but is no vote.
    """
    winners = {_winner(answer) for answer in _votes(answers)}
    return len(answers) >= n_asked and n_asked < cap and len(winners) > 1


def disagreement(answers: Sequence[Answer]) -> float:
    """The mean distance between two votes on a pair, 0…1; 0 where there are fewer than two.

    Preferences are |p − q| / 6 apart; both-bad is 1 from any preference or tie and 0 from both-bad. Skips are
    no votes.
    """
    distances = [_distance(first, second) for first, second in combinations(_votes(answers), 2)]
    return sum(distances) / len(distances) if distances else 0.0


def _votes(answers: Sequence[Answer]) -> list[Answer]:
    for answer in answers:
        if answer not in {"both_bad", "skip", -3, -2, -1, 0, 1, 2, 3}:
            raise ValueError(f"{answer!r} is no answer: expected −3…3, both_bad or skip")
    return [answer for answer in answers if answer != "skip"]


def _winner(answer: Answer) -> int | str:
    return answer if isinstance(answer, str) else (answer > 0) - (answer < 0)


def _distance(first: Answer, second: Answer) -> float:
    if isinstance(first, str) or isinstance(second, str):
        return float(first != second)
    return abs(first - second) / WIDEST


def is_rushed(duration_ms: int, n_chars: int) -> bool:
    """Whether an answer came faster than both responses, `n_chars` together, can be read.

    A convention: 60 characters a second, and at least one second.
    """
    if min(duration_ms, n_chars) < 0:
        raise ValueError("neither a duration nor a length can be negative")
    return duration_ms < max(SHORTEST_READING_MS, 1000 * n_chars / READABLE_CHARS_PER_SECOND)
