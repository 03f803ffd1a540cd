"""What a person writes: why, and how the better response should have read."""

from __future__ import annotations

from django.http import QueryDict

from annotators.errors import PartError
from annotators.masking import MASK
from annotators.models import Assignment
from annotators.parse.fields import chosen, sides_of, text_of, written
from annotators.task_form import Rationale, TaskForm
from curation.models.judgments import Side

MAX_RATIONALE = 5_000
MAX_REWRITE = 50_000


def parse_reasons(asked: Rationale, data: QueryDict) -> list[str]:
    return chosen(data, "reasons", part="rationale", known=asked.reasons, what="a reason")


def parse_rationale(asked: Rationale, data: QueryDict) -> str:
    """The rationale; too short counts only once something was written, or where it is required."""
    text = written(data, "rationale")
    if not text:
        if asked.required:
            raise PartError("rationale", "Say in a few words why you chose this answer.")
        return ""
    if len(text) < asked.min_chars:
        raise PartError(
            "rationale",
            f"The rationale has {len(text)} characters; write at least {asked.min_chars}"
            + ("." if asked.required else ", or leave it empty."),
        )
    if len(text) > MAX_RATIONALE:
        raise PartError(
            "rationale", f"The rationale has {len(text):,} characters; at most {MAX_RATIONALE:,} are kept."
        )
    return text


def parse_rewrite(
    form: TaskForm, assignment: Assignment, preference: int | None, data: QueryDict
) -> tuple[str, int | None]:
    """(the corrected text, the id of the response it corrects); ("", None) where nothing was rewritten.

    Only the better response is rewritten, so a required rewrite is asked for only where one is better. A text
    that was not changed is no rewrite.
    """
    text = written(data, "rewrite")
    originals = {response: text_of_lines(assignment, response) for response in (Side.A, Side.B)}
    if preference is None:
        if text and text not in originals.values():
            raise PartError(
                "rewrite",
                "A rewrite corrects the better response, but you called neither better. Choose one, or empty "
                "the rewrite.",
            )
        return "", None
    better, other = better_and_other(assignment, preference)
    if text == originals[better] or not text:
        if form.rewrite == "required":
            said = "is the same as the original" if text else "is empty"
            raise PartError(
                "rewrite", f"The rewrite {said}. Change the better response into what it should say."
            )
        return "", None
    if text == originals[other]:
        raise PartError(
            "rewrite",
            "The rewrite is the text of the other response, the one you called worse. Correct the better.",
        )
    if MASK in text and MASK not in originals[better]:
        raise PartError(
            "rewrite",
            f"{MASK} stands for a name that is hidden from you. Say that part in words of your own.",
        )
    if len(text) > max(MAX_REWRITE, 2 * len(originals[better])):
        raise PartError("rewrite", f"The rewrite has {len(text):,} characters, far more than is kept.")
    pair = assignment.pair
    return text, pair.response_a_id if better == Side.A else pair.response_b_id


def text_of_lines(assignment: Assignment, response: Side) -> str:
    """A response's text as a form field would send it back."""
    return text_of(assignment, response).replace("\r\n", "\n").replace("\r", "\n").strip()


def better_and_other(assignment: Assignment, preference: int) -> tuple[Side, Side]:
    shown = dict(sides_of(assignment))
    better = Side(shown["left" if preference > 0 else "right"])
    return better, Side.B if better == Side.A else Side.A
