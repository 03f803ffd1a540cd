"""What a campaign asks about each pair: a set of parts, freely combined, stored as JSON on the campaign.

`Judgment.attributes` holds what a person answered beside the preference. Whatever is about one response is
kept by response, `a` or `b`, never by side, so it means the same whichever side it was shown on:

    ratings      {"helpfulness": {"a": 3, "b": 1}}
    comparisons  {"style": "a" | "b" | "tie"}
    spans        {"a": [{"start": 4, "end": 9, "type": "factual", "severity": 2, "text": "…"}], "b": []}
    segments     {"a": {"unit": "sentence", "bounds": [[0, 12], …], "verdicts": ["right", "wrong", …]}, …}
                 or, for the first wrong step, {"a": {…, "first_wrong": 2 | null}}
    reasons      ["clearer", "more accurate"]
    safety       {"a": ["refusal"], "b": []}
    flags        ["pii"]
    ranking      [[17], [12, 15]]          response ids, best first; ids side by side are tied
    rewrite_of   12                        the response whose corrected text was stored as a new one
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Names = Annotated[tuple[Name, ...], Field(max_length=20)]

ERROR_TYPES = ("irrelevant", "repetition", "incoherent", "factual", "unverifiable", "incomplete")
REASONS = ("More accurate", "More helpful", "Follows the instructions", "Clearer", "Safer", "Better length")
SAFETY_TAGS = (
    "Refusal",
    "Over-refusal",
    "Harmful advice",
    "Hate",
    "Sexual",
    "Violence",
    "Self-harm",
    "Privacy",
)
FLAGS = ("pii", "unsafe", "broken")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(Part):
    """A named rating of each response; 0 to 4 as in HelpSteer."""

    name: Name
    low: Annotated[int, Field(ge=0, le=9)] = 0
    high: Annotated[int, Field(ge=1, le=9)] = 4

    @model_validator(mode="after")
    def _low_is_below_high(self) -> Scale:
        if self.low >= self.high:
            raise ValueError(f"the scale “{self.name}” must end above where it begins")
        return self


class Spans(Part):
    """Marked passages with a typed error and a severity from 1 to `severities`."""

    types: Annotated[Names, Field(min_length=1)] = ERROR_TYPES
    severities: Annotated[int, Field(ge=1, le=5)] = 3


class Segments(Part):
    """A verdict on each sentence or step, or only the first wrong one (Step-DPO, Mask-DPO)."""

    unit: Literal["sentence", "step"] = "sentence"
    ask: Literal["verdicts", "first_wrong"] = "verdicts"


class Rationale(Part):
    required: bool = False
    min_chars: Annotated[int, Field(ge=0, le=5000)] = 0
    reasons: Names = ()


class TaskForm(Part):
    """`steps` is how many strengths the pairwise scale has: 5 with much better, better and tie, 7 with
    slightly better too. In a ranking 3 to 9 responses are put in order, and every pair among them follows."""

    kind: Literal["pairwise", "ranking"] = "pairwise"
    steps: Literal[5, 7] = 5
    tie: bool = True
    both_bad: bool = True
    ranking_size: Annotated[int, Field(ge=3, le=9)] = 4
    ratings: Annotated[tuple[Scale, ...], Field(max_length=12)] = ()
    comparisons: Names = ()
    spans: Spans | None = None
    segments: Segments | None = None
    rationale: Rationale | None = None
    rewrite: Literal["off", "optional", "required"] = "off"
    safety: Names = ()
    flags: Names = FLAGS

    @model_validator(mode="after")
    def _parts_fit_together(self) -> TaskForm:
        names = [scale.name for scale in self.ratings]
        for listed in (names, self.comparisons, self.safety, self.flags):
            if len(set(listed)) < len(listed):
                raise ValueError("names within one part of the form must differ")
        about_two = self.ratings or self.comparisons or self.spans or self.segments or self.safety
        if self.kind == "ranking" and (about_two or self.rewrite != "off"):
            raise ValueError("a ranking takes only a rationale and flags beside the order")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether one key is a whole answer: nothing else has to be filled in."""
        must = self.ratings or self.comparisons or self.segments or self.rewrite == "required"
        return self.kind == "pairwise" and not must and not (self.rationale and self.rationale.required)
