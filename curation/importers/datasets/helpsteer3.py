"""NVIDIA's HelpSteer3: preference, feedback, edit and edit quality.

Source: the card of nvidia/HelpSteer3; arXiv 2505.11475 (preference), 2503.04378 (feedback and edits).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.native import KEY, read_native
from curation.importers.datasets.record import (
    BETTER,
    PEOPLE,
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError, conversation

EDITORS = Rated("editors (HelpSteer3)")
QUALITY = Rated("edit quality (HelpSteer3)")
OF_PROMPT = ("domain", "language", "context")
OF_EDIT = ("original_response", "edited_response", "feedback", "change_summary")
OF_QUALITY = ("original_response", "good_edited_response", "bad_edited_response", "feedback")


def read_preference(row: Row) -> PreferenceRecord:
    """Each individual preference is one judgment; a negative score says that response 1 is better.

    The annotators are anonymous, so “annotator 1” is a place in the row's list and not one person. A file
    that Tiebreak wrote says everything in a column of its own.
    """
    if row.get(KEY) is not None:
        return read_native(row)
    one, two = fields.text(row, "response1"), fields.text(row, "response2")
    fields.two_texts(one, two)
    said = row.get("individual_preference")
    individual = fields.as_list(said, "The field “individual_preference”") if said is not None else []
    if individual:
        comparisons = [_individual(entry, number) for number, entry in enumerate(individual, start=1)]
    else:
        score = fields.whole(row.get("overall_preference"), "overall_preference", -3, 3)
        comparisons = [Comparison(0, 1, Rated("overall (HelpSteer3)"), *fields.strength(-score))]
    used = (*OF_PROMPT, "response1", "response2", "individual_preference", KEY)
    prompt = _prompt(row, fields.others(row, used))
    return PreferenceRecord(prompt, (Answer(one), Answer(two)), tuple(comparisons))


def _individual(entry: Any, number: int) -> Comparison:
    if not isinstance(entry, dict):
        raise RowError(f"Individual preference {number} is not an object")
    score = fields.whole(entry.get("score"), f"The score of individual preference {number}", -3, 3)
    feedback = (fields.label(entry, "feedback1"), fields.label(entry, "feedback2"))
    return Comparison(
        0,
        1,
        Rated(f"annotator {number} (HelpSteer3)"),
        *fields.strength(-score),
        rationale=fields.label(entry, "reasoning"),
        each={"feedback": feedback} if any(feedback) else {},
    )


def read_feedback(row: Row) -> PreferenceRecord:
    """Both responses, each with what people said of it. Nothing is compared."""
    said: dict[str, list[str]] = {}
    for number in (1, 2):
        found = said.setdefault(fields.text(row, f"response{number}"), [])
        found.extend(_feedback(row, f"feedback{number}"))
    if not any(said.values()):
        raise RowError("The row has no feedback on either response")
    answers = tuple(
        Answer(text, metadata={"feedback": found} if found else {}) for text, found in said.items()
    )
    used = (*OF_PROMPT, "response1", "response2", "feedback1", "feedback2")
    return PreferenceRecord(_prompt(row, fields.others(row, used)), answers)


def read_edit(row: Row) -> PreferenceRecord:
    """The response, its edit by a person, and that the edit is better, as edits in campaigns say it."""
    answers = _edited(row, "edited_response")
    comparison = _better(
        answers,
        1,
        0,
        EDITORS,
        rationale=fields.label(row, "change_summary"),
        feedback=_feedback(row, "feedback"),
        columns=fields.others(row, (*OF_PROMPT, *OF_EDIT)),
    )
    return PreferenceRecord(_prompt(row), answers, (comparison,))


def read_edit_quality(row: Row) -> PreferenceRecord:
    """Two edits of a response: the good one is better than the bad one and, as any edit, than the response.

    Bad says that an edit does more or less than the feedback asks for. Whether it is better than the response
    is left open, as the card leaves it.
    """
    answers = _edited(row, "good_edited_response", "bad_edited_response")
    columns = fields.others(row, (*OF_PROMPT, *OF_QUALITY))
    comparisons = (
        _better(answers, 1, 2, QUALITY, columns=columns),
        _better(answers, 1, 0, EDITORS, feedback=_feedback(row, "feedback")),
    )
    return PreferenceRecord(_prompt(row), answers, comparisons)


def _edited(row: Row, *names: str) -> tuple[Answer, ...]:
    """The original response, then its edits."""
    original = fields.text(row, "original_response")
    edits = [fields.text(row, name) for name in names]
    for edit in edits:
        fields.two_texts(original, edit)
    if len(edits) > 1:
        fields.two_texts(*edits)
    return Answer(original), *(Answer(edit, PEOPLE, edited_from=0) for edit in edits)


def _better(
    answers: tuple[Answer, ...],
    better: int,
    worse: int,
    rater: Rated,
    *,
    rationale: str = "",
    feedback: list[str] | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Comparison:
    """That one of the answers is better than another, of which `feedback` speaks. The file does not say which
    was shown left: the smaller hash counts as left."""
    is_left = answers[better].text_hash < answers[worse].text_hash
    said = "\n\n".join(feedback or [])
    about = ("", said) if is_left else (said, "")
    first, second = (better, worse) if is_left else (worse, better)
    return Comparison(
        first,
        second,
        rater,
        "preferred",
        BETTER if is_left else -BETTER,
        rationale=rationale,
        each={"feedback": about} if said else {},
        columns=columns or {},
    )


def _feedback(row: Row, name: str) -> list[str]:
    found = fields.as_list(row.get(name) or [], f"The field “{name}”")
    if not all(isinstance(text, str) for text in found):
        raise RowError(f"The field “{name}” holds something that is not a text")
    return [text.strip() for text in found if text.strip()]


def _prompt(row: Row, metadata: Mapping[str, Any] | None = None) -> PromptText:
    return PromptText(
        conversation(row.get("context")),
        category=fields.label(row, "domain"),
        language=fields.label(row, "language")[:16],
        metadata=metadata or {},
    )


SKY = [{"role": "user", "content": "Why is the sky blue?"}]
RIGHT, WRONG = "Air scatters blue light most.", "It mirrors the sea."
OF_EXAMPLE: dict[str, Any] = {"domain": "general", "language": "english", "context": SKY}
HELPFUL = "The response is perfectly helpful."
UNHELPFUL = "The response is not helpful. It names the wrong cause."

FORMATS = (
    DatasetFormat(
        name="helpsteer3",
        label="HelpSteer3 preference",
        source="nvidia/HelpSteer3, preference; arXiv 2505.11475",
        dataset="HelpSteer3",
        licence="CC-BY-4.0",
        help="A negative score says that response 1 is better. Each individual preference is one judgment; "
        "the annotators are anonymous, so “annotator 1” is a place in the row and not one person. Of a file "
        "that Tiebreak exported everything is restored, and what it says of a prompt stands, whatever is "
        "chosen here.",
        example={
            **OF_EXAMPLE,
            "response1": RIGHT,
            "response2": WRONG,
            "overall_preference": -2,
            "individual_preference": [
                {
                    "score": -2,
                    "reasoning": "It names the cause.",
                    "feedback1": "Right.",
                    "feedback2": "Wrong.",
                }
            ],
        },
        recognises=lambda row: fields.has(row, "context", "response1", "response2", "overall_preference"),
        read=fields.one(read_preference),
    ),
    DatasetFormat(
        name="helpsteer3-feedback",
        label="HelpSteer3 feedback",
        source="nvidia/HelpSteer3, feedback; arXiv 2503.04378",
        dataset="HelpSteer3",
        licence="CC-BY-4.0",
        help="What people said of each of two responses stays with the response; nothing is compared, so no "
        "pair is made.",
        example={
            **OF_EXAMPLE,
            "response1": RIGHT,
            "response2": WRONG,
            "feedback1": [HELPFUL],
            "feedback2": [UNHELPFUL],
        },
        recognises=lambda row: fields.has(row, "context", "response1", "response2", "feedback1", "feedback2"),
        read=fields.one(read_feedback),
    ),
    DatasetFormat(
        name="helpsteer3-edit",
        label="HelpSteer3 edit",
        source="nvidia/HelpSteer3, edit; arXiv 2503.04378",
        dataset="HelpSteer3",
        licence="CC-BY-4.0",
        help="The edit lands as a response by people that names the one it edits, and is better than it "
        f"({BETTER} of 3), as edits in campaigns are. The change summary is the reason; the feedback on the "
        "original is kept with the judgment.",
        example={
            **OF_EXAMPLE,
            "original_response": WRONG,
            "edited_response": RIGHT,
            "feedback": [UNHELPFUL],
            "change_summary": "The cause is now right.",
        },
        recognises=lambda row: fields.has(row, "context", "original_response", "edited_response"),
        read=fields.one(read_edit),
    ),
    DatasetFormat(
        name="helpsteer3-edit-quality",
        label="HelpSteer3 edit quality",
        source="nvidia/HelpSteer3, edit_quality; arXiv 2503.04378",
        dataset="HelpSteer3",
        licence="CC-BY-4.0",
        help="Two edits of a response. Good says that an edit does what the feedback asks for and no more: "
        "it is better than the bad one, and than the original, as any edit. Whether the bad one is better "
        "than the original, the file does not say.",
        example={
            **OF_EXAMPLE,
            "original_response": "Nobody knows.",
            "good_edited_response": RIGHT,
            "bad_edited_response": WRONG,
            "feedback": [UNHELPFUL],
        },
        recognises=lambda row: fields.has(
            row, "context", "original_response", "good_edited_response", "bad_edited_response"
        ),
        read=fields.one(read_edit_quality),
    ),
)
