"""Task forms to start a campaign from, after the data sets and papers that made them known."""

from __future__ import annotations

from dataclasses import dataclass

from annotators.task_form import (
    ERROR_TYPES,
    REASONS,
    SAFETY_TAGS,
    Rationale,
    Scale,
    Segments,
    Spans,
    TaskForm,
)


@dataclass(frozen=True)
class TaskPreset:
    """A named task form; `source` says where the scheme comes from."""

    key: str
    name: str
    source: str
    form: TaskForm


def scales(*names: str, low: int = 0, high: int = 4) -> tuple[Scale, ...]:
    return tuple(Scale(name=name, low=low, high=high) for name in names)


PRESETS = (
    TaskPreset("preference-5", "Preference, 5 steps", "Much better, better, tie", TaskForm()),
    TaskPreset(
        "preference-7",
        "Preference, 7 steps (HelpSteer3)",
        "HelpSteer3-Preference, arXiv 2505.11475: −3 to 3, with the reason in words",
        TaskForm(steps=7, rationale=Rationale(required=True, min_chars=40, reasons=REASONS)),
    ),
    TaskPreset(
        "helpsteer2",
        "HelpSteer2 ratings",
        "HelpSteer2, arXiv 2406.08673: five attributes from 0 to 4",
        TaskForm(ratings=scales("helpfulness", "correctness", "coherence", "complexity", "verbosity")),
    ),
    TaskPreset(
        "ultrafeedback",
        "UltraFeedback aspects",
        "UltraFeedback, arXiv 2310.01377: four aspects from 1 to 5",
        TaskForm(
            ratings=scales("instruction following", "truthfulness", "honesty", "helpfulness", low=1, high=5)
        ),
    ),
    TaskPreset(
        "fine-grained",
        "Fine-grained feedback",
        "Fine-Grained RLHF, arXiv 2306.01693: marked passages with a type of error",
        TaskForm(spans=Spans(types=ERROR_TYPES, severities=1)),
    ),
    TaskPreset(
        "step-dpo",
        "Step-DPO first wrong step",
        "Step-DPO, arXiv 2406.18629: where a solution first goes wrong",
        TaskForm(segments=Segments(unit="step", ask="first_wrong")),
    ),
    TaskPreset(
        "mask-dpo",
        "Mask-DPO sentences",
        "Mask-DPO, arXiv 2503.02846: whether each sentence is true",
        TaskForm(segments=Segments(unit="sentence", ask="verdicts")),
    ),
    TaskPreset(
        "ranking-4",
        "Ranking of 4",
        "InstructGPT, arXiv 2203.02155: responses in order, every pair among them follows",
        TaskForm(kind="ranking", ranking_size=4),
    ),
    TaskPreset(
        "safety",
        "Safety review",
        "Safety tags for each response, with the reason in words",
        TaskForm(safety=SAFETY_TAGS, rationale=Rationale()),
    ),
    TaskPreset(
        "rewrite",
        "Rewrite the better answer (HelpSteer3 edit)",
        "HelpSteer3 edit, arXiv 2503.04378: the better response, corrected, is preferred to the original",
        TaskForm(rewrite="required", rationale=Rationale(reasons=REASONS)),
    ),
)
