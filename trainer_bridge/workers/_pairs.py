"""Pairs as the scoring workers read them, and what is asked of each. No torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from trainer_bridge.contracts import PairRow, ScoringRow
from trainer_bridge.workers._io import UserError, read_rows

# A prompt and one response to it: what a model reads once, in however many pairs it stands.
Key = tuple[str, str]


def scoring_rows(path: Path, scorers: Collection[str]) -> Iterator[ScoringRow]:
    """The rows of a pairs file; raises UserError at one that asks for what the spec does not name."""
    for row in read_rows(path, ScoringRow):
        if strange := [name for name in row.scorers if name not in scorers]:
            asked = f"{path.name} asks for {', '.join(strange)} of pair {row.pair_id}"
            raise UserError(f"{asked}, which the spec does not name.")
        yield row


def pair_keys(pair: PairRow) -> tuple[Key, Key]:
    prompt = "\x1e".join(message.model_dump_json() for message in pair.prompt)
    return (prompt, pair.response_a), (prompt, pair.response_b)


class Wanted:
    """What is asked of each pair, and so of each response: of all the same, unless a row names fewer."""

    def __init__(self, names: Sequence[str], pairs: Collection[ScoringRow] = ()) -> None:
        self.names = list(names)
        self._all = frozenset(names)
        self._of_pair = {pair.pair_id: self._all.intersection(pair.scorers) for pair in pairs if pair.scorers}
        # By hash: should two responses share one, both are read for what either is.
        self._of_response: dict[int, frozenset[str]] = defaultdict(frozenset)
        for pair in pairs if self._of_pair else ():
            for key in pair_keys(pair):
                self._of_response[hash(key)] |= self.of_pair(pair.pair_id)

    def of_pair(self, pair_id: str) -> frozenset[str]:
        return self._of_pair.get(pair_id, self._all)

    def of_response(self, key: Key) -> frozenset[str]:
        return self._of_response.get(hash(key), self._all)
