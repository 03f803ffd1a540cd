"""TRL's preference and unpaired formats, and data sets that are published in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    Answer,
    DatasetFormat,
    Drawn,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError, conversation

SPEC = "TRL 1.10, docs/source/dataset_formats.md"
UNKNOWN = Rated("unknown rater (imported preferences)")
SKYWORK = Rated("unknown rater (Skywork-Reward-Preference)", "judge")
TEXT_PROMPTS = ("question", "instruction", "query", "input")
STEP_SEPARATOR = "\n"
MAIN = ("prompt", "chosen", "rejected", "margin", "source")
SCORES = ("score_chosen", "score_rejected")


def is_messages(value: Any) -> bool:
    """A list of turns, as a list or (in CSV) as JSON text."""
    return isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith('[{"'))


def read_pair(row: Row, rater: Rated = UNKNOWN) -> PreferenceRecord:
    """Explicit or implicit, text or conversational: what the columns hold decides."""
    if any(is_messages(row.get(name)) for name in ("prompt", "chosen", "rejected")):
        prompt, chosen, rejected = _conversational(row)
    elif "prompt" in row:
        prompt = fields.user_turn(fields.text(row, "prompt"))
        chosen, rejected = fields.text(row, "chosen"), fields.text(row, "rejected")
    else:
        start, chosen, rejected = implicit_texts(fields.text(row, "chosen"), fields.text(row, "rejected"))
        prompt = fields.user_turn(start)
    scores = _scores(row)
    answers, comparison = fields.preferred_pair(
        Answer(chosen), Answer(rejected), rater, ratings=scores, more=_margin(row)
    )
    # UltraFeedback binarized repeats the chosen dialogue as messages.
    repeated = ("messages",) if row.get("messages") == row["chosen"] else ()
    used = (*MAIN, *(SCORES if scores else ()), *repeated)
    text = PromptText(prompt, source=fields.label(row, "source"), metadata=fields.others(row, used))
    return PreferenceRecord(text, answers, (comparison,))


def _conversational(row: Row) -> tuple[list[dict[str, Any]], str, str]:
    chosen, rejected = (fields.turns(row.get(name), name) for name in ("chosen", "rejected"))
    given = row.get("prompt")
    if is_messages(given):
        prompt = conversation(given)
    elif isinstance(given, str) and len(chosen) == 1:
        prompt = fields.user_turn(given)
    else:
        # Implicit; or a text beside whole dialogues, whose first turn it repeats (UltraFeedback binarized).
        prompt, _ = fields.split_last(chosen, "chosen")
    return prompt, _answer_to(prompt, chosen, "chosen"), _answer_to(prompt, rejected, "rejected")


def _answer_to(prompt: list[dict[str, Any]], turns: list[dict[str, Any]], what: str) -> str:
    """The one answer in `turns`, which may repeat the prompt before it."""
    if len(turns) > 1 and turns[: len(prompt)] == prompt:
        turns = turns[len(prompt) :]
    if len(turns) != 1:
        raise RowError(
            f"“{what}” is not the prompt and one answer: the dialogues differ before their last turns, or an "
            "answer has several turns"
        )
    return fields.answer_text(turns[0], what)


def implicit_texts(chosen: str, rejected: str) -> tuple[str, str, str]:
    """Prompt and answers of two texts that begin with the prompt, cut so that no word is split.

    TRL cuts at the longest common prefix of characters: “… is blue.” and “… is brown.” become the prompt
    “… is b”. Here the cut goes back to the last white space that leaves both answers some text. Where both
    answers begin with the same words, these still count as prompt: the file does not say better.
    """
    common = 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other:
            break
        common += 1
    for cut in range(min(common, len(chosen) - 1, len(rejected) - 1), 0, -1):
        if chosen[cut].isspace() and rejected[cut].isspace() and chosen[:cut].strip():
            one, other = chosen[cut:], rejected[cut:]
            if one.strip() and other.strip():
                return chosen[:cut], one, other
    raise RowError(
        "The two texts share no beginning that could be the prompt; write the prompt into a column of its own"
    )


def _scores(row: Row) -> dict[str, tuple[float, float]]:
    scores = [row.get(name) for name in SCORES]
    if None in scores:
        return {}
    chosen, rejected = (fields.number(value, name) for value, name in zip(scores, SCORES, strict=True))
    return {"score": (chosen, rejected)}


def _margin(row: Row) -> dict[str, Any]:
    margin = row.get("margin")
    return {} if margin is None else {"margin": fields.number(margin, "The margin")}


def read_unpaired(row: Row) -> PreferenceRecord:
    """One response with its label as metadata. A label compares nothing, so there is no pair."""
    given, completion, verdict = row.get("prompt"), row.get("completion"), fields.flag(row.get("label"))
    if not isinstance(verdict, bool):
        raise RowError(f"The label is {verdict!r}; it must be true or false")
    prompt = conversation(given) if is_messages(given) else fields.user_turn(fields.text(row, "prompt"))
    if is_messages(completion):
        answer = _answer_to(prompt, fields.turns(completion, "completion"), "completion")
    else:
        answer = fields.text(row, "completion")
    metadata = fields.others(row, ("prompt", "completion", "label", "source"))
    text = PromptText(prompt, source=fields.label(row, "source"), metadata=metadata)
    return PreferenceRecord(text, (Answer(answer, metadata={"label": verdict}),))


def read_stepwise(row: Row) -> PreferenceRecord:
    """One response of several steps, each with its verdict. Like a label, verdicts compare nothing."""
    steps = fields.as_list(row.get("completions"), "The field “completions”")
    labels = fields.as_list(row.get("labels"), "The field “labels”")
    if not steps or len(steps) != len(labels):
        raise RowError(f"The row has {len(steps)} steps and {len(labels)} labels; each step needs one")
    if not all(isinstance(step, str) and step.strip() for step in steps):
        raise RowError("A step is empty or not a text")
    if not all(isinstance(label, bool) for label in labels):
        raise RowError("A label of a step is not true or false")
    given = row.get("prompt")
    prompt = conversation(given) if is_messages(given) else fields.user_turn(fields.text(row, "prompt"))
    metadata = fields.others(row, ("prompt", "completions", "labels", "source"))
    text = PromptText(prompt, source=fields.label(row, "source"), metadata=metadata)
    return PreferenceRecord(text, (_of_steps(steps, labels),))


def _of_steps(steps: list[str], labels: list[bool]) -> Answer:
    """The steps as one text, on lines of their own, as TRL's trainer of process rewards joins them."""
    segments: list[dict[str, Any]] = []
    start = 0
    for step, is_right in zip(steps, labels, strict=True):
        end = start + len(step)
        segments.append({"start": start, "end": end, "verdict": "right" if is_right else "wrong"})
        start = end + len(STEP_SEPARATOR)
    return Answer(STEP_SEPARATOR.join(steps), drawn=Drawn(segments=segments))


def read_skywork(row: Row) -> PreferenceRecord:
    record = read_pair(row, SKYWORK)
    return replace(record, prompt=replace(record.prompt, category=record.prompt.source))


def _is_skywork(row: Row) -> bool:
    return set(row) == {"chosen", "rejected", "source"} and is_messages(row["chosen"])


def _is_pair(row: Row) -> bool:
    return fields.has(row, "chosen", "rejected")


def _is_implicit(row: Row) -> bool:
    """Whether no column of another name holds the prompt of two texts."""
    return _is_pair(row) and (is_messages(row["chosen"]) or not any(name in row for name in TEXT_PROMPTS))


SKY = {"role": "user", "content": "Why is the sky blue?"}
GOOD = {"role": "assistant", "content": "Air scatters blue light most."}
BAD = {"role": "assistant", "content": "It mirrors the sea."}

FORMATS = (
    DatasetFormat(
        name="skywork",
        label="Skywork-Reward-Preference",
        source="Skywork/Skywork-Reward-Preference-80K-v0.2, dataset card",
        help="Whole dialogues that differ in the last answer; the source of each row is kept.",
        dataset="Skywork-Reward-Preference",
        example={"chosen": [SKY, GOOD], "rejected": [SKY, BAD], "source": "magpie_pro"},
        recognises=_is_skywork,
        read=fields.one(read_skywork),
    ),
    DatasetFormat(
        name="trl-explicit",
        label="TRL preference, explicit prompt",
        source=SPEC,
        help="Texts or chat messages. A margin, and scores of both, are kept with the judgment.",
        example={"prompt": [SKY], "chosen": [GOOD], "rejected": [BAD]},
        recognises=lambda row: _is_pair(row) and "prompt" in row,
        read=fields.one(read_pair),
    ),
    DatasetFormat(
        name="trl-implicit",
        label="TRL preference, implicit prompt",
        source=SPEC,
        help="Of chat messages everything before the last turn is the prompt. Of texts it is what both begin "
        "with, up to the last whole word; TRL itself would cut inside a word.",
        example={"chosen": [SKY, GOOD], "rejected": [SKY, BAD]},
        recognises=_is_implicit,
        read=fields.one(read_pair),
    ),
    DatasetFormat(
        name="trl-unpaired",
        label="TRL unpaired (KTO)",
        source=SPEC,
        help="One response a row; its label is kept with it. A label compares nothing, so no pair is made.",
        example={"prompt": [SKY], "completion": [GOOD], "label": True},
        recognises=lambda row: fields.has(row, "prompt", "completion", "label"),
        read=fields.one(read_unpaired),
    ),
    DatasetFormat(
        name="trl-stepwise",
        label="TRL stepwise (process reward)",
        source=SPEC,
        help="One response a row, in steps. They become its text, a line each, and its segments, each with "
        "its verdict, right or wrong: campaigns that ask about steps show these, and the export of masks "
        "reads the verdicts. A verdict on a step compares nothing, so no pair is made.",
        example={
            "prompt": [SKY],
            "completions": ["Air scatters blue light most.", "So the sky mirrors the sea."],
            "labels": [True, False],
        },
        recognises=lambda row: fields.has(row, "prompt", "completions", "labels"),
        read=fields.one(read_stepwise),
    ),
)
