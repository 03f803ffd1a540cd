"""Which verdicts are still missing: every pair is asked about in both orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trainer_bridge.contracts import PairRow, VerdictRow
from trainer_bridge.workers._io import Tally, Workspace, read_rows


@dataclass(frozen=True)
class Question:
    """One pair as shown: which response stands on the left."""

    pair: PairRow
    left: Literal["a", "b"]

    @property
    def left_text(self) -> str:
        return self.pair.response_a if self.left == "a" else self.pair.response_b

    @property
    def right_text(self) -> str:
        return self.pair.response_b if self.left == "a" else self.pair.response_a


class VerdictFile:
    """The verdicts, appended as they come; an earlier attempt's are kept and not asked for again."""

    def __init__(self, workspace: Workspace, name: str = "verdicts.jsonl") -> None:
        self._rows = workspace.rows(name)
        self._path = workspace.folder / name
        rows = self.read()
        self.count = len(rows)
        self.unparsed = sum(not row.parsed for row in rows)
        self._finished = {(row.pair_id, row.left) for row in rows}

    def read(self) -> list[VerdictRow]:
        return list(read_rows(self._path, VerdictRow))

    def missing(self, pairs: Sequence[PairRow]) -> list[Question]:
        sides: tuple[Literal["a", "b"], ...] = ("a", "b")
        return [
            Question(pair, left)
            for pair in pairs
            for left in sides
            if (pair.pair_id, left) not in self._finished
        ]

    def record(self, rows: list[VerdictRow], tally: Tally) -> None:
        self._rows.append(*rows)
        self.unparsed += sum(not row.parsed for row in rows)
        tally.note = f"{self.unparsed} unparsed" if self.unparsed else ""
        tally.add(len(rows))


def unread_row(question: Question, error: str, raw_text: str = "") -> VerdictRow:
    """A verdict that could not be read; it is kept with its reason and counted."""
    return VerdictRow(
        pair_id=question.pair.pair_id,
        left=question.left,
        parsed=False,
        p_left=None,
        logprob_left=None,
        logprob_right=None,
        mass=None,
        raw_text=raw_text,
        error=error,
    )
