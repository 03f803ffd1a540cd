"""The parts of a task form, for the templates under annotators/parts/."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from annotators import part_rows
from annotators.answer_shown import ShownPart, shown_parts
from annotators.parse.writing import MAX_RATIONALE
from annotators.part_keys import PartKey, part_keys
from annotators.task_form import TaskForm
from curation.models import Judgment

register = template.Library()


@register.simple_tag(takes_context=True)
def task_parts(context: Context) -> dict[str, Any]:
    """What the parts of `task` need, filled in from `given`; only what is asked is worked out."""
    form: TaskForm = context["task"]
    given = context.get("given") or {}
    error = context.get("parts_error")
    parts: dict[str, Any] = {
        "flags": part_rows.flag_options(form, given),
        "wrong": getattr(error, "part", ""),
    }
    if form.rationale:
        parts |= {
            "reasons": part_rows.options(
                [(reason, reason, "") for reason in form.rationale.reasons], given.get("reasons", [])
            ),
            "rationale": first(given, "rationale"),
            "max_chars": MAX_RATIONALE,
        }
    return parts if form.kind == "ranking" else parts | pair_parts(context, form, given)


def pair_parts(context: Context, form: TaskForm, given: part_rows.Given) -> dict[str, Any]:
    """The parts about two responses."""
    parts: dict[str, Any] = {
        "comparisons": part_rows.comparison_rows(form, given),
        "ratings": part_rows.rating_rows(form, given),
        "safety": part_rows.safety_sides(form, given) if form.safety else [],
    }
    if form.segments:
        assignment = context["assignment"]
        shown = [
            (context["left"], assignment.left_response),
            (context["right"], assignment.right_response),
        ]
        parts["segments"] = part_rows.segment_sides(form.segments, shown, given)
    if form.spans:
        parts["spans"] = part_rows.span_sides([context["left"], context["right"]])
        parts["severities"] = part_rows.severities(form.spans)
        parts["marks"] = first(given, "spans")
    if form.rewrite != "off":
        parts["rewrite"] = first(given, "rewrite")
    return parts


def first(given: part_rows.Given, name: str) -> str:
    return next(iter(given.get(name, [])), "")


@register.simple_tag(takes_context=True)
def rank_options(context: Context, number: int) -> list[part_rows.Option]:
    """The ranks a listed response can have."""
    return part_rows.rank_options(number, len(context["listed"]), context.get("given") or {})


@register.simple_tag
def task_keys(form: TaskForm) -> list[PartKey]:
    """The keys that the parts of a form add to the page's own."""
    return part_keys(form)


@register.simple_tag
def answer_parts(judgment: Judgment) -> list[ShownPart]:
    """What a stored answer says beside the preference."""
    return shown_parts(judgment)
