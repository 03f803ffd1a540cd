"""A local judge: one forward pass a question, read from the probabilities of the two verdict tokens.

A label's probability is that of its first token right after the prefill, with and without a leading space
added up; tokens that both labels could begin with are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from judges.algorithms.verdicts import log_sum_exp, read_logprobs
from trainer_bridge.contracts import JudgeSpec, VerdictRow
from trainer_bridge.workers._asking import Asked, Asker
from trainer_bridge.workers._io import UserError
from trainer_bridge.workers._models import LocalModel, RenderError, encode, in_batches
from trainer_bridge.workers._prefixes import next_logprobs
from trainer_bridge.workers._questions import Question, unread_row
from trainer_bridge.workers._sampling import continuations

# Questions are tokenised and sorted by length this many batches at a time.
WINDOW_BATCHES = 32
RAW_TEXT_TOKENS = 12


class LocalJudge:
    """Asks one model one rubric. Raises UserError when the labels cannot be told apart by a token."""

    def __init__(self, loaded: LocalModel, spec: JudgeSpec) -> None:
        self._loaded = loaded
        self._spec = spec
        self._asker = Asker(loaded, spec, spec.max_length)
        self._labels = _label_tokens(loaded.tokenizer, spec.verdicts)

    def verdicts(self, questions: Sequence[Question]) -> Iterator[list[VerdictRow]]:
        """Verdicts as they come, parsed or not; one for every question."""
        window = WINDOW_BATCHES * self._spec.batch_size
        for start in range(0, len(questions), window):
            asked: list[Asked] = []
            for question in questions[start : start + window]:
                try:
                    asked.append(self._asker.ask(question))
                except RenderError as error:
                    yield [unread_row(question, str(error))]
            yield from in_batches(_by_lead(asked), self._spec.batch_size, self._judge)

    def _judge(self, batch: Sequence[Asked]) -> list[VerdictRow]:
        logprobs = next_logprobs(self._loaded, [item.ids for item in batch], [item.lead for item in batch])
        left, right = (logprobs[:, tokens].tolist() for tokens in self._labels)
        greedy = logprobs.argmax(dim=-1).tolist()
        rows = [
            self._row(item, log_sum_exp(left[index]), log_sum_exp(right[index]), greedy[index])
            for index, item in enumerate(batch)
        ]
        self._spell_out(rows, batch)
        return rows

    def _row(self, item: Asked, left: float, right: float, greedy: int) -> VerdictRow:
        reading = read_logprobs(left, right, self._spec.min_mass)
        share = "" if reading.parsed else f"the two labels hold only {reading.mass:.2g} of the probability"
        return VerdictRow(
            pair_id=item.question.pair.pair_id,
            left=item.question.left,
            parsed=reading.parsed,
            p_left=reading.p_left,
            logprob_left=reading.logprob_left,
            logprob_right=reading.logprob_right,
            mass=reading.mass,
            raw_text=self._loaded.tokenizer.decode([greedy]),
            error="; ".join(part for part in (item.note, share) if part),
        )

    def _spell_out(self, rows: list[VerdictRow], batch: Sequence[Asked]) -> None:
        """An unparsed answer is worth a few more tokens: they show what the judge wanted to say."""
        unread = [index for index, row in enumerate(rows) if not row.parsed]
        if not unread:
            return
        said = continuations(self._loaded, [batch[index].ids for index in unread], RAW_TEXT_TOKENS)
        for index, ids in zip(unread, said, strict=True):
            text = self._loaded.tokenizer.decode(ids, skip_special_tokens=True)
            rows[index] = rows[index].model_copy(update={"raw_text": text})


def _by_lead(asked: Sequence[Asked]) -> list[Asked]:
    """Questions that begin alike next to each other, the longest groups first."""
    groups = defaultdict(list)
    for item in asked:
        groups[item.lead].append(item)
    ordered = sorted(groups.values(), key=lambda group: -max(len(item.ids) for item in group))
    return [item for group in ordered for item in group]


def _label_tokens(tokenizer: Any, labels: tuple[str, str]) -> tuple[list[int], list[int]]:
    first = [{encode(tokenizer, variant)[0] for variant in (label, f" {label}")} for label in labels]
    shared = first[0] & first[1]
    left, right = sorted(first[0] - shared), sorted(first[1] - shared)
    if not left or not right:
        raise UserError(
            f"This model begins the verdicts “{labels[0]}” and “{labels[1]}” with the same token, so "
            "one token cannot tell them apart. Choose labels that differ at once, as A and B do."
        )
    return left, right
