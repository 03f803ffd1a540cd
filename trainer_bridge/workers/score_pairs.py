"""Score pairs by CHES and what else the same forward passes give: one for each distinct response, without the
language-model head unless log-probabilities are asked for.

A prompt's template text and the response, without an end token, are tokenised as one and cut on the right
at `max_length`, as TRL does for training. The hidden states from the last prompt token to the last
response token are summed in float64; both directions of a pair come from the same sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from curation.algorithms.ches import ches_from_sums
from trainer_bridge.contracts import FailureRow, PairRow, ScoreRow, ScoreSpec
from trainer_bridge.workers._io import Tally, Workspace, read_rows, work
from trainer_bridge.workers._models import LocalModel, RenderError, encode, in_batches, load, pad, render
from trainer_bridge.workers._scorers import Extras, Facts, finished_pairs

# Pairs looked at together: enough to fill batches of one length, few enough to keep in memory.
WINDOW_PAIRS = 512
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 32768}

Key = tuple[str, str]


@dataclass(frozen=True)
class HiddenSum:
    """The summed hidden states of one response, their number, and what other computations keep of it."""

    total: np.ndarray
    count: int
    facts: Facts | None


@dataclass(frozen=True)
class _Sequence:
    """A prompt with a response as tokens; `first` is the position of the last prompt token."""

    key: Key
    ids: list[int]
    first: int
    cut: bool


def run(spec: ScoreSpec, workspace: Workspace) -> None:
    pairs = list(read_rows(workspace.input(spec.pairs), PairRow))
    scores, failures = workspace.rows("scores.jsonl"), workspace.rows("failures.jsonl")
    finished = finished_pairs(spec.scorers, workspace)
    failures.rewrite([])
    todo = [pair for pair in pairs if pair.pair_id not in finished]
    tally = Tally(workspace, "pairs", total=len(pairs), done=len(pairs) - len(todo))
    loaded = load(spec.model, spec.dtype)
    extras = Extras(loaded, spec.scorers, workspace)
    loaded.note(workspace)
    for row in Scorer(loaded, spec.max_length, todo, tally, extras).rows():
        if isinstance(row, FailureRow):
            failures.append(row)
            tally.add(failed=1)
        else:
            if "ches" in spec.scorers:
                scores.append(row)
            tally.add(1)


class Scorer:
    """Turns pairs into score rows, keeping a response's sum exactly as long as a later pair needs it."""

    def __init__(
        self, loaded: LocalModel, max_length: int, pairs: Sequence[PairRow], tally: Tally, extras: Extras
    ) -> None:
        self._loaded = loaded
        self._extras = extras
        self._max_length = min(max_length, loaded.max_positions)
        self._pairs = pairs
        self._tally = tally
        self._cut = 0
        self._needed = Counter(key for pair in pairs for key in _keys(pair))
        self._sums: dict[Key, HiddenSum] = {}
        self._reasons: dict[Key, str] = {}

    def rows(self) -> Iterator[ScoreRow | FailureRow]:
        window = min(WINDOW_PAIRS, self._extras.window_pairs)
        for start in range(0, len(self._pairs), window):
            waiting = list(self._pairs[start : start + window])
            sequences = self._sequences(waiting)
            for group in _by_tokens(sequences, TOKENS_PER_BATCH[self._loaded.device.type]):
                for sums in in_batches(group, len(group), self._forward):
                    self._sums.update(sums)
                    ready = [pair for pair in waiting if self._is_ready(pair)]
                    waiting = [pair for pair in waiting if not self._is_ready(pair)]
                    yield from (self._settle(pair) for pair in ready)
            yield from (self._settle(pair) for pair in waiting)

    def _sequences(self, pairs: Sequence[PairRow]) -> list[_Sequence]:
        """What has to be run for these pairs, longest first; what cannot be is noted with its reason."""
        sequences = []
        texts = {
            key: (pair, text) for pair in pairs for key, text in zip(_keys(pair), _texts(pair), strict=True)
        }
        for key, (pair, text) in texts.items():
            if key in self._sums or key in self._reasons:
                continue
            try:
                sequence = self._sequence(key, pair, text)
            except RenderError as error:
                self._reasons[key] = str(error)
            else:
                sequences.append(sequence)
                self._cut += sequence.cut
        if self._cut:
            self._tally.note = f"{self._cut} responses cut at {self._max_length} tokens"
        return sorted(sequences, key=lambda sequence: -len(sequence.ids))

    def _sequence(self, key: Key, pair: PairRow, response: str) -> _Sequence:
        tokenizer = self._loaded.tokenizer
        if not response:
            raise RenderError("the response is empty")
        prompt = render(tokenizer, pair.prompt)
        prompt_ids, ids = encode(tokenizer, prompt), encode(tokenizer, prompt + response)
        # Tokens may merge across the boundary: the prompt ends where the two encodings part.
        shared = sum(1 for _ in _common_prefix(prompt_ids, ids))
        if shared >= len(ids):
            raise RenderError("the response has no tokens of its own")
        if shared >= self._max_length:
            raise RenderError(f"the prompt alone fills {self._max_length} tokens")
        kept = ids[: self._max_length]
        return _Sequence(key, kept, max(shared - 1, 0), cut=len(kept) < len(ids))

    def _forward(self, batch: Sequence[_Sequence]) -> dict[Key, HiddenSum]:
        inputs = pad(self._loaded, [sequence.ids for sequence in batch], "right")
        sums = {}
        with torch.inference_mode():
            hidden = self._loaded.model.base_model(**inputs, use_cache=False).last_hidden_state
            for row, sequence in zip(hidden, batch, strict=True):
                states = row[sequence.first : len(sequence.ids)].double()
                facts = self._extras.take(sequence.ids, sequence.first, row)
                sums[sequence.key] = HiddenSum(states.sum(dim=0).cpu().numpy(), len(states), facts)
        return sums

    def _is_ready(self, pair: PairRow) -> bool:
        return all(key in self._sums or key in self._reasons for key in _keys(pair))

    def _settle(self, pair: PairRow) -> ScoreRow | FailureRow:
        """The row of a pair whose responses are both known, for better or worse."""
        keys = _keys(pair)
        reasons = [
            f"response {name}: {self._reasons[key]}"
            for name, key in zip("ab", keys, strict=True)
            if key in self._reasons
        ]
        if reasons:
            row: ScoreRow | FailureRow = FailureRow(key=pair.pair_id, error="; ".join(reasons))
        else:
            a, b = (self._sums[key] for key in keys)
            self._extras.write(pair.pair_id, a.facts, b.facts)
            row = _score(pair.pair_id, a, b)
        for key in keys:
            self._needed[key] -= 1
            if self._needed[key] <= 0:
                self._sums.pop(key, None)
        return row


def _score(pair_id: str, a: HiddenSum, b: HiddenSum) -> ScoreRow:
    dot, norm2_a, norm2_b = (
        float(x @ y) for x, y in ((a.total, b.total), (a.total, a.total), (b.total, b.total))
    )
    scores = ches_from_sums(dot, norm2_a, norm2_b, a.count, b.count)
    return ScoreRow(
        pair_id=pair_id,
        dot_ab=dot,
        norm2_a=norm2_a,
        norm2_b=norm2_b,
        n_a=a.count,
        n_b=b.count,
        **asdict(scores),
    )


def _keys(pair: PairRow) -> tuple[Key, Key]:
    prompt = "\x1e".join(message.model_dump_json() for message in pair.prompt)
    return (prompt, pair.response_a), (prompt, pair.response_b)


def _texts(pair: PairRow) -> tuple[str, str]:
    return pair.response_a, pair.response_b


def _common_prefix(first: Sequence[int], second: Sequence[int]) -> Iterator[int]:
    for one, other in zip(first, second, strict=False):
        if one != other:
            return
        yield one


def _by_tokens(sequences: Sequence[_Sequence], budget: int) -> Iterator[list[_Sequence]]:
    """Groups of similar length whose padded size stays within the budget."""
    group: list[_Sequence] = []
    for sequence in sequences:
        if group and len(group[0].ids) * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(sequence)
    if group:
        yield group


if __name__ == "__main__":
    work("score_pairs", run)
