"""A small judged project: four pairs with known consensus, one of them a tie, and one gold pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curation.algorithms.fingerprints import messages_fingerprint
from curation.models import FilterRecipe, Pair, PairScore, Project, Prompt, Rater, RecipeRun, ScoreProducer
from curation.services.recipe_run import recipe_run
from curation.services.recipe_save import recipe_save
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory, ResponseFactory

STEPS: list[dict[str, Any]] = [{"step": "consensus_exists"}, {"step": "min_margin", "margin": 0.3}]
LONG = "Write a short poem about the sea in the style of a sailor"


def judged_pair(
    project: Project,
    p: float | None,
    *,
    rater: Rater | None = None,
    split: str = "train",
    prompt: Prompt | None = None,
    texts: str = "",
) -> Pair:
    """A pair that one judge saw in both orders with P(a is better) = p; no judgment if p is None."""
    prompt = prompt or PromptFactory(project=project, split=split)
    stem = texts or f"prompt {prompt.pk}"
    pair = PairFactory(
        prompt=prompt,
        response_a=ResponseFactory(prompt=prompt, text=f"{stem}: first answer"),
        response_b=ResponseFactory(prompt=prompt, text=f"{stem}: second one"),
    )
    if p is not None:
        rater = rater or RaterFactory(project=project)
        judge_both_orders(pair, rater, p)
    return pair


def judge_both_orders(pair: Pair, rater: Rater, p: float) -> None:
    for left, p_left in (("a", p), ("b", 1 - p)):
        outcome = "tie" if p == 0.5 else "preferred"
        preference = None if p == 0.5 else (2 if p_left > 0.5 else -2)
        JudgmentFactory(
            pair=pair, rater=rater, left=left, outcome=outcome, preference=preference, probability=p_left
        )


def judged_project(project: Project) -> list[Pair]:
    """a wins clearly, b wins clearly, a wins barely, tie, and a clear gold pair."""
    rater = RaterFactory(project=project, label="judge v1")
    splits = ("train", "eval", "train", "train", "gold")
    return [
        judged_pair(project, p, rater=rater, split=split)
        for p, split in zip((0.9, 0.1, 0.6, 0.5, 0.9), splits, strict=True)
    ]


def saved_recipe(project: Project, steps: Sequence[Any] | None = None) -> FilterRecipe:
    return recipe_save(project=project, name="Clean", steps=list(steps or STEPS), user=None)


def ln_ches(project: Project, values: dict[Pair, float], fingerprint: str = "f") -> ScoreProducer:
    """Scores for a over b; b over a is the negative."""
    producer, _ = ScoreProducer.objects.get_or_create(
        project=project, scorer="ln_ches", fingerprint=fingerprint, label="tiny"
    )
    for pair, value in values.items():
        for direction, directed in (("a_over_b", value), ("b_over_a", -value)):
            PairScore.objects.create(
                pair=pair, producer=producer, scorer="ln_ches", direction=direction, value=directed
            )
    return producer


def scored(project: Project, scorer: str, values: dict[Pair, tuple[float, float]]) -> ScoreProducer:
    """Scores for a over b and b over a."""
    producer = ScoreProducer.objects.create(project=project, scorer=scorer, fingerprint=scorer, label="tiny")
    for pair, both in values.items():
        for direction, value in zip(("a_over_b", "b_over_a"), both, strict=True):
            PairScore.objects.create(
                pair=pair, producer=producer, scorer=scorer, direction=direction, value=value
            )
    return producer


def run_step(project: Project, **step: Any) -> RecipeRun:
    steps = [{"step": "consensus_exists"}, step]
    return recipe_run(recipe=saved_recipe(project, steps), user=None)


def kept(run: RecipeRun) -> set[int]:
    return set(run.funnel[-1]["examples"]["kept"])


def asked(project: Project, text: Any, split: str = "train", **fields: Any) -> Prompt:
    messages = [{"role": "user", "content": text}]
    return PromptFactory(
        project=project, messages=messages, fingerprint=messages_fingerprint(messages), split=split, **fields
    )
