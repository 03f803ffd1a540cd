"""One pass of a model over pairs: each distinct response is read once, and a pair is settled as soon as both
of its responses are known.

A prompt's template text and the response, without an end token, are tokenised as one and cut on the right
at `max_length`, as TRL does for training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from trainer_bridge.contracts import FailureRow, PairRow
from trainer_bridge.workers._hidden import Reading, States, Tap, hidden_states
from trainer_bridge.workers._io import JsonLines, Tally
from trainer_bridge.workers._models import LocalModel, RenderError, common_beginning, encode, render
from trainer_bridge.workers._pairs import Key, pair_keys
from trainer_bridge.workers._products import in_parts

# Pairs looked at together: enough to fill batches of one length, few enough to keep in memory.
WINDOW_PAIRS = 512

Kept = TypeVar("Kept")
Keyed = tuple[PairRow, tuple[Key, Key]]


class Taker(Protocol[Kept]):
    """What a pass is for: what to keep of a response, and what to write of a pair."""

    @property
    def window_pairs(self) -> int: ...

    def take(self, text: Reading, states: States) -> Kept: ...

    def settle(self, pair_id: str, a: Kept, b: Kept) -> None: ...


class PairPass(Generic[Kept]):
    """Keeps what the taker takes of a response exactly as long as a later pair needs it."""

    def __init__(
        self,
        loaded: LocalModel,
        max_length: int,
        pairs: Sequence[PairRow],
        taker: Taker[Kept],
        *,
        tally: Tally,
        tap: Tap | None = None,
    ) -> None:
        self._loaded = loaded
        self._taker = taker
        self._tap = tap
        self._max_length = min(max_length, loaded.max_positions)
        self._pairs = pairs
        self._tally = tally
        self._cut = 0
        self._needed = Counter(key for pair in pairs for key in pair_keys(pair))
        self._kept: dict[Key, Kept] = {}
        self._reasons: dict[Key, str] = {}

    def run(self, failures: JsonLines) -> None:
        """Settle or fail every pair, and count it."""
        with in_parts(self._loaded):
            for failure in self._settled():
                if failure is None:
                    self._tally.add(1)
                else:
                    failures.append(failure)
                    self._tally.add(failed=1)

    def _settled(self) -> Iterator[FailureRow | None]:
        window = min(WINDOW_PAIRS, self._taker.window_pairs)
        for start in range(0, len(self._pairs), window):
            waiting = {pair.pair_id: (pair, pair_keys(pair)) for pair in self._pairs[start : start + window]}
            asking: dict[Key, list[str]] = {}
            for pair_id, (_, keys) in waiting.items():
                for key in dict.fromkeys(keys):  # two responses may have the same text
                    asking.setdefault(key, []).append(pair_id)
            readings = self._readings(list(waiting.values()))
            for text, states in hidden_states(self._loaded, readings, self._tap):
                self._kept[text.key] = self._taker.take(text, states)
                ready = [
                    waiting.pop(pair_id) for pair_id in asking[text.key] if self._is_ready(waiting[pair_id])
                ]
                yield from (self._settle(*pair) for pair in ready)
            yield from (self._settle(*pair) for pair in waiting.values())

    def _readings(self, pairs: Sequence[Keyed]) -> list[Reading]:
        """What has to be read for these pairs; what cannot be is noted with its reason."""
        readings = []
        texts = {key: pair for pair, keys in pairs for key in keys}
        for key, pair in texts.items():
            if key in self._kept or key in self._reasons:
                continue
            try:
                text, is_cut = reading(self._loaded.tokenizer, pair, key, self._max_length)
            except RenderError as error:
                self._reasons[key] = str(error)
            else:
                readings.append(text)
                self._cut += is_cut
        if self._cut:
            self._tally.note = f"{self._cut} responses cut at {self._max_length} tokens"
        return readings

    def _is_ready(self, pair: Keyed) -> bool:
        return all(key in self._kept or key in self._reasons for key in pair[1])

    def _settle(self, pair: PairRow, keys: tuple[Key, Key]) -> FailureRow | None:
        """Hand over a pair whose responses are both known, for better or worse."""
        failure = failed(pair.pair_id, keys, self._reasons)
        if failure is None:
            self._taker.settle(pair.pair_id, *(self._kept[key] for key in keys))
        for key in keys:
            self._needed[key] -= 1
            if self._needed[key] <= 0:
                self._kept.pop(key, None)
        return failure


def failed(pair_id: str, keys: Sequence[Key], reasons: dict[Key, str]) -> FailureRow | None:
    """Why the pair cannot be scored; None where nothing stands against it."""
    said = [
        f"response {name}: {reasons[key]}" for name, key in zip("ab", keys, strict=True) if key in reasons
    ]
    return FailureRow(key=pair_id, error="; ".join(said)) if said else None


def reading(tokenizer: Any, pair: PairRow, key: Key, max_length: int) -> tuple[Reading, bool]:
    """A response of the pair as tokens, and whether its end was cut. Raises RenderError where it has none."""
    response = key[1]
    if not response:
        raise RenderError("the response is empty")
    prompt = render(tokenizer, pair.prompt)
    prompt_ids, ids = encode(tokenizer, prompt), encode(tokenizer, prompt + response)
    # Tokens may merge across the boundary: the prompt ends where the two encodings part.
    shared = common_beginning(prompt_ids, ids)
    if shared >= len(ids):
        raise RenderError("the response has no tokens of its own")
    if shared >= max_length:
        raise RenderError(f"the prompt alone fills {max_length} tokens")
    return Reading(key, ids[:max_length], max(shared - 1, 0)), len(ids) > max_length
