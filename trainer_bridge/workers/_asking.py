"""A question about a pair as a model reads it: worded, made to fit, and turned into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from judges.algorithms.verdicts import conversation_text, question_text
from trainer_bridge.contracts import Message
from trainer_bridge.workers._models import LocalModel, RenderError, encode, plain_text, render
from trainer_bridge.workers._questions import Question

LEAST_ROOM = 32
FITTING_ROUNDS = 4
CUT_MARK = " […]"


class Wording(Protocol):
    """`template` holds {prompt}, {left} and {right}; `prefill` opens the model's turn."""

    @property
    def template(self) -> str: ...

    @property
    def system(self) -> str: ...

    @property
    def prefill(self) -> str: ...


@dataclass(frozen=True)
class Asked:
    question: Question
    ids: list[int]
    note: str

    @property
    def lead(self) -> str:
        """What questions that begin alike have in common: the prompt and the left response."""
        turns = [turn.model_dump_json() for turn in self.question.pair.prompt]
        return "\x1e".join([*turns, self.question.left_text])


class Asker:
    """Words questions for one model. `ask` raises RenderError for one that cannot be shown to it."""

    def __init__(self, loaded: LocalModel, wording: Wording, max_length: int) -> None:
        self._loaded = loaded
        self._wording = wording
        self._limit = min(max_length, loaded.max_positions)
        special = [token.content for token in loaded.tokenizer.added_tokens_decoder.values() if token.special]
        self._special = re.compile("|".join(re.escape(token) for token in special) or r"(?!)")

    def ask(self, question: Question) -> Asked:
        """The question as tokens. Responses too long for the model lose their ends, and the row says so."""
        left, right = question.left_text, question.right_text
        ids = self._tokens(question, left, right)
        if len(ids) <= self._limit:
            return Asked(question, ids, "")
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
                return Asked(question, ids, f"responses cut to {kept[0]} and {kept[1]} tokens to fit")
            # Cut text can come back as a few more tokens than were kept.
            room -= len(ids) - self._limit
        raise RenderError(f"the prompt and the rubric leave no room for responses in {self._limit} tokens")

    def _tokens(self, question: Question, left: str, right: str) -> list[int]:
        wording = self._wording
        prompt = conversation_text([(turn.role, plain_text(turn)) for turn in question.pair.prompt])
        text = question_text(
            wording.template, prompt=self._defuse(prompt), left=self._defuse(left), right=self._defuse(right)
        )
        messages = [Message(role="system", content=wording.system)] if wording.system else []
        messages.append(Message(role="user", content=text))
        return encode(self._loaded.tokenizer, render(self._loaded.tokenizer, messages, wording.prefill))

    def _defuse(self, text: str) -> str:
        """A response that writes `<|im_end|>` must not end the judge's turn."""
        return self._special.sub(lambda match: f"{match.group()[0]} {match.group()[1:]}", text)


def _share(room: int, left: int, right: int) -> tuple[int, int]:
    """Split the room between two lengths: the shorter keeps what it has, the longer gets the rest."""
    kept_left = min(left, max(room // 2, room - right))
    return kept_left, min(right, room - kept_left)
