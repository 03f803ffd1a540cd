"""Pairwise questions and what a judge's next-token probabilities say about them.

The judge chooses between two labels. P(left) is the share of the left label in the probability of both
(Zheng et al., arXiv 2306.05685, ask in both orders because position sways the answer), and `mass` is what
both labels hold together: a judge that wanted to say something else has little.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PLACEHOLDERS = ("prompt", "left", "right")
_PLACEHOLDER = re.compile(r"\{(prompt|left|right)\}")


@dataclass(frozen=True)
class VerdictReading:
    """One answer read. `parsed` is False when the judge hardly considered either label."""

    parsed: bool
    p_left: float | None
    logprob_left: float | None
    logprob_right: float | None
    mass: float | None


@dataclass(frozen=True)
class TokenChoice:
    """One position of an answer: the token that was said, and log-probabilities of the likeliest tokens."""

    token: str
    logprobs: Mapping[str, float]


UNREAD = VerdictReading(parsed=False, p_left=None, logprob_left=None, logprob_right=None, mass=None)


def missing_placeholders(template: str) -> list[str]:
    """The placeholders a pairwise template lacks; empty when it can be used."""
    found = set(_PLACEHOLDER.findall(template))
    return [name for name in PLACEHOLDERS if name not in found]


def question_text(template: str, *, prompt: str, left: str, right: str) -> str:
    """Fill the template in one pass, so that a `{right}` inside a response stays as it is."""
    parts = {"prompt": prompt, "left": left, "right": right}
    return _PLACEHOLDER.sub(lambda match: parts[match.group(1)], template)


def conversation_text(turns: Sequence[tuple[str, str]]) -> str:
    """A prompt as plain text: a lone user turn as it stands, anything longer with the roles named."""
    if len(turns) == 1 and turns[0][0] == "user":
        return turns[0][1]
    return "\n\n".join(f"{role.capitalize()}: {content}" for role, content in turns)


def read_logprobs(logprob_left: float, logprob_right: float, min_mass: float) -> VerdictReading:
    """A reading from the log-probabilities of the two labels (natural logarithms, −inf for impossible)."""
    mass = math.exp(logprob_left) + math.exp(logprob_right)
    left, right = (None if math.isinf(value) else value for value in (logprob_left, logprob_right))
    if mass <= 0 or mass < min_mass:
        return VerdictReading(parsed=False, p_left=None, logprob_left=left, logprob_right=right, mass=mass)
    # exp(l)/(exp(l)+exp(r)) as a sigmoid of the difference: no 0/0 when both are tiny.
    gap = logprob_right - logprob_left
    p_left = 1 / (1 + math.exp(gap)) if gap < 700 else 0.0
    return VerdictReading(parsed=True, p_left=p_left, logprob_left=left, logprob_right=right, mass=mass)


def read_answer(choices: Sequence[TokenChoice], labels: tuple[str, str], min_mass: float) -> VerdictReading:
    """A reading from an endpoint's top log-probabilities.

    The verdict is looked for in the first token and then wherever the judge said one of the labels, so a
    polite opening does not hide it. A label outside the top list counts as impossible.
    """
    for position, choice in enumerate(choices):
        if position > 0 and choice.token.strip() not in labels:
            continue
        left, right = (_label_logprob(choice.logprobs, label) for label in labels)
        reading = read_logprobs(left, right, min_mass)
        if reading.parsed:
            return reading
    return UNREAD


def log_sum_exp(values: Iterable[float]) -> float:
    """ln Σ exp(v): the log-probability of any one of several tokens; −inf for none."""
    finite = [value for value in values if value != -math.inf]
    if not finite:
        return -math.inf
    top = max(finite)
    return top + math.log(sum(math.exp(value - top) for value in finite))


def _label_logprob(logprobs: Mapping[str, float], label: str) -> float:
    """A label counts with and without white space around it."""
    return log_sum_exp(value for token, value in logprobs.items() if token.strip() == label)
