"""The task form of a campaign as fields: what is asked about each pair, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from pydantic import ValidationError

from annotators.forms.fields import Group, LinesField, ScalesField, bound
from annotators.task_form import ERROR_TYPES, FLAGS, REASONS, SAFETY_TAGS, TaskForm

HELPSTEER = [
    {"name": name, "low": 0, "high": 4}
    for name in ("Helpfulness", "Correctness", "Coherence", "Complexity", "Verbosity")
]
ASKED = [("off", "Not asked"), ("optional", "Optional"), ("required", "Required")]

# Where a part of TaskForm is typed, for its errors.
FIELD_OF = {
    ("spans", "types"): "span_types",
    ("spans", "severities"): "span_severities",
    ("segments", "unit"): "segment_unit",
    ("segments", "ask"): "segment_ask",
    ("rationale", "min_chars"): "rationale_chars",
    ("rationale", "reasons"): "rationale_reasons",
}
ABOUT_TWO = ("ratings", "comparisons", "spans", "segments", "safety", "rewrite")


class TaskFields(forms.Form):
    """Each part has a switch (`…_on`) or a choice of “Not asked”; what stands in a part that is off does not
    count, so switching it on again finds it as it was."""

    kind = forms.ChoiceField(
        label="What people do",
        choices=[("pairwise", "Choose between two responses"), ("ranking", "Put several responses in order")],
        initial="pairwise",
        widget=forms.RadioSelect,
        help_text="A ranking becomes a judgment on every pair among its responses.",
    )
    steps = forms.TypedChoiceField(
        label="Scale",
        coerce=int,
        choices=[(5, "5 steps: much better, better, tie"), (7, "7 steps: slightly better too")],
        initial=5,
        help_text="Keys 1 to 5 or 1 to 7, from left to right.",
    )
    tie = forms.BooleanField(label="Offer a tie", required=False, initial=True)
    both_bad = forms.BooleanField(label="Offer “both bad”", required=False, initial=True)
    ranking_size = forms.IntegerField(
        label="Responses to rank",
        initial=4,
        min_value=3,
        max_value=9,
        help_text="3 to 9 of each prompt; prompts with fewer than 3 different responses are left out.",
    )
    ratings_on = forms.BooleanField(label="Ratings of each response", required=False)
    ratings = ScalesField(
        label="Scales",
        initial=HELPSTEER,
        rows=5,
        help_text="One a line, at most 12: “Helpfulness 0-4”. Digits from 0 to 9.",
    )
    comparisons_on = forms.BooleanField(label="Which is better at …", required=False)
    comparisons = LinesField(
        label="Attributes",
        initial=["Accuracy", "Style"],
        rows=3,
        help_text="One a line. Each is answered left, right or tie.",
    )
    spans_on = forms.BooleanField(label="Marked passages", required=False)
    span_types = LinesField(label="Kinds of error", initial=ERROR_TYPES, rows=6, help_text="One a line.")
    span_severities = forms.IntegerField(
        label="Severities", initial=3, min_value=1, max_value=5, help_text="1 is minor; the highest is fatal."
    )
    segments_on = forms.BooleanField(label="Verdict on each part of a response", required=False)
    segment_unit = forms.ChoiceField(
        label="A part is",
        choices=[("sentence", "a sentence"), ("step", "a step of the reasoning")],
        initial="sentence",
    )
    segment_ask = forms.ChoiceField(
        label="Ask for",
        choices=[("verdicts", "a verdict on each"), ("first_wrong", "the first wrong one only")],
        initial="verdicts",
    )
    rationale = forms.ChoiceField(label="Rationale", choices=ASKED, initial="off")
    rationale_chars = forms.IntegerField(
        label="At least this many characters",
        initial=0,
        min_value=0,
        max_value=5000,
        help_text="Of free text. 0 accepts a reason alone.",
    )
    rationale_reasons = LinesField(
        label="Reasons to tick", initial=REASONS, rows=6, help_text="One a line; empty offers free text only."
    )
    rewrite = forms.ChoiceField(
        label="Rewrite of the better response",
        choices=ASKED,
        initial="off",
        help_text="Stored as a response by that person, preferred to the one it corrects.",
    )
    safety_on = forms.BooleanField(label="Safety and refusal tags", required=False)
    safety = LinesField(
        label="Tags", initial=SAFETY_TAGS, rows=8, help_text="One a line; ticked per response."
    )
    flags_on = forms.BooleanField(label="Flags", required=False, initial=True)
    flags = LinesField(
        label="Flags to offer", initial=FLAGS, rows=3, help_text="One a line, about the pair as a whole."
    )

    def clean(self) -> dict[str, Any] | None:
        """Reads the parts into `cleaned_data["task"]`, or says beside the field what is wrong."""
        data = super().clean() or self.cleaned_data
        if not self.errors.keys() & TaskFields.base_fields.keys():
            self._empty_parts(data)
            self._refuse_ranking_with_parts(data)
        if not self.errors.keys() & TaskFields.base_fields.keys():
            try:
                data["task"] = TaskForm.model_validate(task_of(data))
            except ValidationError as error:
                for detail in error.errors():
                    self.add_error(*said_of(detail))
        return data

    def _empty_parts(self, data: Mapping[str, Any]) -> None:
        for name in ("ratings", "comparisons", "spans", "safety", "flags"):
            field = "span_types" if name == "spans" else name
            if data[f"{name}_on"] and not data[field]:
                self.add_error(
                    field, "This part is on, but nothing is listed. List something or switch it off."
                )
            elif isinstance(data[field], list) and len(set(map(str, data[field]))) < len(data[field]):
                self.add_error(field, "The same entry stands here twice. Take one out.")

    def _refuse_ranking_with_parts(self, data: Mapping[str, Any]) -> None:
        if data["kind"] != "ranking":
            return
        for name in ABOUT_TWO:
            switch = "rewrite" if name == "rewrite" else f"{name}_on"
            if data[switch] not in {False, "off"}:
                self.add_error(
                    switch, "A ranking takes only a rationale and flags beside the order. Switch this off."
                )

    def task_groups(self) -> list[Group]:
        """The parts as the page lays them out."""
        return [
            Group("The scale", bound(self, ["steps", "tie", "both_bad"]), only="pairwise"),
            Group("The ranking", bound(self, ["ranking_size"]), only="ranking"),
            self._part("ratings_on", ["ratings"], only="pairwise"),
            self._part("comparisons_on", ["comparisons"], only="pairwise"),
            self._part("spans_on", ["span_types", "span_severities"], only="pairwise"),
            self._part("segments_on", ["segment_unit", "segment_ask"], only="pairwise"),
            self._part("safety_on", ["safety"], only="pairwise"),
            self._part("rewrite", [], only="pairwise"),
            self._part("rationale", ["rationale_chars", "rationale_reasons"]),
            self._part("flags_on", ["flags"]),
        ]

    def _part(self, switch: str, names: Sequence[str], only: str = "") -> Group:
        return Group("", bound(self, names), switch=self[switch], only=only)


def task_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned fields as TaskForm takes them."""
    return {
        **{name: data[name] for name in ("kind", "steps", "tie", "both_bad", "ranking_size", "rewrite")},
        **{
            name: data[name] if data[f"{name}_on"] else []
            for name in ("ratings", "comparisons", "safety", "flags")
        },
        "spans": {"types": data["span_types"], "severities": data["span_severities"]}
        if data["spans_on"]
        else None,
        "segments": {"unit": data["segment_unit"], "ask": data["segment_ask"]}
        if data["segments_on"]
        else None,
        "rationale": {
            "required": data["rationale"] == "required",
            "min_chars": data["rationale_chars"],
            "reasons": data["rationale_reasons"],
        }
        if data["rationale"] != "off"
        else None,
    }


def task_initial(task: TaskForm) -> dict[str, Any]:
    """What the fields hold for a task form; parts that it leaves out keep their own suggestions."""
    form = task.model_dump(mode="json")
    spans, segments, rationale = form["spans"], form["segments"], form["rationale"]
    found = {
        **{name: form[name] for name in ("kind", "steps", "tie", "both_bad", "ranking_size", "rewrite")},
        **{f"{name}_on": bool(form[name]) for name in ("ratings", "comparisons", "safety", "flags")},
        **{name: form[name] for name in ("ratings", "comparisons", "safety", "flags") if form[name]},
        "spans_on": spans is not None,
        "segments_on": segments is not None,
        "rationale": "off" if rationale is None else "required" if rationale["required"] else "optional",
    }
    if spans:
        found |= {"span_types": spans["types"], "span_severities": spans["severities"]}
    if segments:
        found |= {"segment_unit": segments["unit"], "segment_ask": segments["ask"]}
    if rationale:
        found |= {"rationale_chars": rationale["min_chars"], "rationale_reasons": rationale["reasons"]}
    return found


def said_of(detail: Any) -> tuple[str | None, str]:
    """(field, words) for one error of pydantic."""
    path = tuple(detail["loc"])
    name = FIELD_OF.get(path[:2], path[0] if path and path[0] in TaskFields.base_fields else None)
    line = next((step for step in path if isinstance(step, int)), None)
    where = "" if line is None else f"Line {line + 1}: "
    return name, where + words_of(detail["type"], detail.get("ctx", {}), detail["msg"])


def words_of(kind: str, limits: Mapping[str, Any], message: str) -> str:
    words = {
        "string_too_long": "Keep each entry to {max_length} characters.",
        "string_too_short": "An entry cannot be empty.",
        "too_long": "At most {max_length} entries; there are {actual_length}.",
        "too_short": "List at least {min_length}.",
        "less_than_equal": "The highest is {le}.",
        "greater_than_equal": "The lowest is {ge}.",
        "value_error": "{error}.",
    }.get(kind)
    said = words.format(**limits) if words else message
    return said[:1].upper() + said[1:]
