"""Which sentences or steps of a response a person gives verdicts on."""

from __future__ import annotations

from annotators.task_form import Segments
from curation.algorithms.segments import Bounds, sentence_bounds, step_bounds, stored_bounds
from curation.models import Response

# A form field each, on two sides, with all else on the page: Django reads a thousand fields at most.
MAX_SEGMENTS = 200


def response_bounds(response: Response, asked: Segments) -> list[Bounds]:
    """[start, end) of each segment, in order: those stored with the response, else its text split.

    Beyond MAX_SEGMENTS the last one takes the rest of the text.
    """
    split = sentence_bounds if asked.unit == "sentence" else step_bounds
    bounds = stored_bounds(response.segments, response.text) or split(response.text)
    if len(bounds) > MAX_SEGMENTS:
        bounds = [*bounds[: MAX_SEGMENTS - 1], (bounds[MAX_SEGMENTS - 1][0], bounds[-1][1])]
    return bounds
