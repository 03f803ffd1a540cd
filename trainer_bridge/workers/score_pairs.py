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

from curation.algorithms.ches import ches_from_sums
from trainer_bridge.contracts import FailureRow, PairRow, ScoreRow, ScoreSpec
from trainer_bridge.workers._hidden import Key, Reading, hidden_states
from trainer_bridge.workers._io import Tally, Workspace, read_rows, work
from trainer_bridge.workers._models import LocalModel, RenderError, encode, load, render
from trainer_bridge.workers._scorers import Extras, Facts, finished_pairs

# Pairs looked at together: enough to fill batches of one length, few enough to keep in memory.
WINDOW_PAIRS = 512

Keyed = tuple[PairRow, tuple[Key, Key]]


@dataclass(frozen=True)
class HiddenSum:
    """The summed hidden states of one response, their number, and what other computations keep of it."""

    total: np.ndarray
    count: int
    facts: Facts | None


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
            waiting = {pair.pair_id: (pair, _keys(pair)) for pair in self._pairs[start : start + window]}
            asking: dict[Key, list[str]] = {}
            for pair_id, (_, keys) in waiting.items():
                for key in dict.fromkeys(keys):  # two responses may have the same text
                    asking.setdefault(key, []).append(pair_id)
            for text, states in hidden_states(self._loaded, self._readings(list(waiting.values()))):
                total = states.double().sum(dim=0).cpu().numpy()
                facts = self._extras.take(text.ids[text.first + 1 :], states)
                self._sums[text.key] = HiddenSum(total, len(states), facts)
                ready = [
                    waiting.pop(pair_id) for pair_id in asking[text.key] if self._is_ready(waiting[pair_id])
                ]
                yield from (self._settle(*pair) for pair in ready)
            yield from (self._settle(*pair) for pair in waiting.values())

    def _readings(self, pairs: Sequence[Keyed]) -> list[Reading]:
        """What has to be read for these pairs; what cannot be is noted with its reason."""
        readings = []
        texts = {
            key: (pair, text) for pair, keys in pairs for key, text in zip(keys, _texts(pair), strict=True)
        }
        for key, (pair, text) in texts.items():
            if key in self._sums or key in self._reasons:
                continue
            try:
                readings.append(self._reading(key, pair, text))
            except RenderError as error:
                self._reasons[key] = str(error)
        if self._cut:
            self._tally.note = f"{self._cut} responses cut at {self._max_length} tokens"
        return readings

    def _reading(self, key: Key, pair: PairRow, response: str) -> Reading:
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
        self._cut += len(ids) > self._max_length
        return Reading(key, ids[: self._max_length], max(shared - 1, 0))

    def _is_ready(self, pair: Keyed) -> bool:
        return all(key in self._sums or key in self._reasons for key in pair[1])

    def _settle(self, pair: PairRow, keys: tuple[Key, Key]) -> ScoreRow | FailureRow:
        """The row of a pair whose responses are both known, for better or worse."""
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


if __name__ == "__main__":
    work("score_pairs", run)
