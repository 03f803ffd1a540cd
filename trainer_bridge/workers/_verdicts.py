"""A local judge: one forward pass a question, read from the probabilities of the two verdict tokens.

A label's probability is that of its first token right after the prefill, with and without a leading space
added up; tokens that both labels could begin with are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from judges.algorithms.verdicts import conversation_text, log_sum_exp, question_text, read_logprobs
from trainer_bridge.contracts import JudgeSpec, Message, VerdictRow
from trainer_bridge.workers._io import UserError
from trainer_bridge.workers._models import (
    LocalModel,
    RenderError,
    encode,
    in_batches,
    plain_text,
    render,
)
from trainer_bridge.workers._prefixes import next_logprobs
from trainer_bridge.workers._questions import Question, unread_row
from trainer_bridge.workers._sampling import continuations

# Questions are tokenised and sorted by length this many batches at a time.
WINDOW_BATCHES = 32
LEAST_ROOM = 32
FITTING_ROUNDS = 4
RAW_TEXT_TOKENS = 12
CUT_MARK = " […]"


@dataclass(frozen=True)
class _Asked:
    question: Question
    ids: list[int]
    note: str

    @property
    def lead(self) -> str:
        """What questions that begin alike have in common: the prompt and the left response."""
        turns = [turn.model_dump_json() for turn in self.question.pair.prompt]
        return "\x1e".join([*turns, self.question.left_text])


class LocalJudge:
    """Asks one model one rubric. Raises UserError when the labels cannot be told apart by a token."""

    def __init__(self, loaded: LocalModel, spec: JudgeSpec) -> None:
        self._loaded = loaded
        self._spec = spec
        self._limit = min(spec.max_length, loaded.max_positions)
        self._labels = _label_tokens(loaded.tokenizer, spec.verdicts)
        special = [token.content for token in loaded.tokenizer.added_tokens_decoder.values() if token.special]
        self._special = re.compile("|".join(re.escape(token) for token in special) or r"(?!)")

    def verdicts(self, questions: Sequence[Question]) -> Iterator[list[VerdictRow]]:
        """Verdicts as they come, parsed or not; one for every question."""
        window = WINDOW_BATCHES * self._spec.batch_size
        for start in range(0, len(questions), window):
            asked: list[_Asked] = []
            for question in questions[start : start + window]:
                try:
                    asked.append(self._ask(question))
                except RenderError as error:
                    yield [unread_row(question, str(error))]
            yield from in_batches(_by_lead(asked), self._spec.batch_size, self._judge)

    def _ask(self, question: Question) -> _Asked:
        """The question as tokens. Responses too long for the model lose their ends, and the row says so."""
        left, right = question.left_text, question.right_text
        ids = self._tokens(question, left, right)
        if len(ids) <= self._limit:
            return _Asked(question, ids, "")
        tokenizer = self._loaded.tokenizer
        whole = encode(tokenizer, left), encode(tokenizer, right)
        room = self._limit - len(self._tokens(question, CUT_MARK, CUT_MARK))
        for _ in range(FITTING_ROUNDS):
            if room < LEAST_ROOM:
                break
            kept = _share(room, len(whole[0]), len(whole[1]))
            texts = [
                text if size == len(part) else tokenizer.decode(part[:size]) + CUT_MARK
                for text, part, size in zip((left, right), whole, kept, strict=True)
            ]
            ids = self._tokens(question, *texts)
            if len(ids) <= self._limit:
                return _Asked(question, ids, f"responses cut to {kept[0]} and {kept[1]} tokens to fit")
            # Cut text can come back as a few more tokens than were kept.
            room -= len(ids) - self._limit
        raise RenderError(f"the prompt and the rubric leave no room for responses in {self._limit} tokens")

    def _tokens(self, question: Question, left: str, right: str) -> list[int]:
        spec = self._spec
        prompt = conversation_text([(turn.role, plain_text(turn)) for turn in question.pair.prompt])
        text = question_text(
            spec.template, prompt=self._defuse(prompt), left=self._defuse(left), right=self._defuse(right)
        )
        messages = [Message(role="system", content=spec.system)] if spec.system else []
        messages.append(Message(role="user", content=text))
        return encode(self._loaded.tokenizer, render(self._loaded.tokenizer, messages, spec.prefill))

    def _defuse(self, text: str) -> str:
        """A response that writes `<|im_end|>` must not end the judge's turn."""
        return self._special.sub(lambda match: f"{match.group()[0]} {match.group()[1:]}", text)

    def _judge(self, batch: Sequence[_Asked]) -> list[VerdictRow]:
        logprobs = next_logprobs(self._loaded, [item.ids for item in batch], [item.lead for item in batch])
        left, right = (logprobs[:, tokens].tolist() for tokens in self._labels)
        greedy = logprobs.argmax(dim=-1).tolist()
        rows = [
            self._row(item, log_sum_exp(left[index]), log_sum_exp(right[index]), greedy[index])
            for index, item in enumerate(batch)
        ]
        self._spell_out(rows, batch)
        return rows

    def _row(self, item: _Asked, left: float, right: float, greedy: int) -> VerdictRow:
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

    def _spell_out(self, rows: list[VerdictRow], batch: Sequence[_Asked]) -> None:
        """An unparsed answer is worth a few more tokens: they show what the judge wanted to say."""
        unread = [index for index, row in enumerate(rows) if not row.parsed]
        if not unread:
            return
        said = continuations(self._loaded, [batch[index].ids for index in unread], RAW_TEXT_TOKENS)
        for index, ids in zip(unread, said, strict=True):
            text = self._loaded.tokenizer.decode(ids, skip_special_tokens=True)
            rows[index] = rows[index].model_copy(update={"raw_text": text})


def _by_lead(asked: Sequence[_Asked]) -> list[_Asked]:
    """Questions that begin alike next to each other, the longest groups first."""
    groups = defaultdict(list)
    for item in asked:
        groups[item.lead].append(item)
    ordered = sorted(groups.values(), key=lambda group: -max(len(item.ids) for item in group))
    return [item for group in ordered for item in group]


def _share(room: int, left: int, right: int) -> tuple[int, int]:
    """Split the room between two lengths: the shorter keeps what it has, the longer gets the rest."""
    kept_left = min(left, max(room // 2, room - right))
    return kept_left, min(right, room - kept_left)


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
