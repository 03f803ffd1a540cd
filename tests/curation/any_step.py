"""Any step that a recipe may have, with any parameters, and a project in which each has something to do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from curation.models import Pair, PairScore, Project, PromptExclusion, ScoreProducer
from curation.recipes.base import LARGEST_SEED
from curation.recipes.steps import STEPS
from tests.curation.recipe_data import judge_both_orders, judged_pair
from tests.embedding_data import direction, embed, embedder_of, near
from tests.factories import PromptFactory, RaterFactory

RawStep = dict[str, Any]
# Those of which `busy_project` has scores, and one of which it has none.
SCORERS = ("ln_ches", "logp_gap", "kendall_consistency", "upo_probability", "angle")
PERCENT, SHARE = st.floats(0, 100), st.floats(0, 1)
SEED = st.integers(0, LARGEST_SEED)


def _step(kind: str, **params: SearchStrategy[Any]) -> SearchStrategy[RawStep]:
    return st.fixed_dictionaries({"step": st.just(kind), **params})


def _band(kind: str, most: float, **params: SearchStrategy[Any]) -> SearchStrategy[RawStep]:
    ends = st.tuples(st.floats(0, most), st.floats(0, most)).map(sorted)
    return st.builds(lambda step, ends: {**step, "min": ends[0], "max": ends[1]}, _step(kind, **params), ends)


def _gap(kind: str, **params: SearchStrategy[Any]) -> SearchStrategy[RawStep]:
    gap = st.sampled_from(["consensus", "strength", "rank", "score"])
    return _step(kind, gap=gap, scorer=st.sampled_from(SCORERS), **params)


STEP_OF: dict[str, SearchStrategy[RawStep]] = {
    "consensus_exists": _step(
        "consensus_exists",
        method=st.sampled_from(["mean_probability", "majority", "three_most_similar"]),
    ),
    "min_margin": _step("min_margin", margin=SHARE),
    "judges_agree": _step("judges_agree", require_judge=st.booleans()),
    "drop_top_ln_ches": _step("drop_top_ln_ches", percent=PERCENT, keep_missing=st.booleans()),
    "score_threshold": _band(
        "score_threshold",
        100,
        scorer=st.sampled_from(SCORERS),
        by=st.sampled_from(["value", "percentile"]),
        keep_missing=st.booleans(),
    ),
    "score_slice": _step(
        "score_slice", scorer=st.sampled_from(SCORERS), quantile=SHARE, pairs=st.integers(1, 10)
    ),
    "length_ratio": _band("length_ratio", 3),
    "balance_length": _step("balance_length", percent=PERCENT),
    "cap_per_value": _step(
        "cap_per_value",
        per=st.sampled_from(["source", "category", "prompt", "chosen_model"]),
        at_most=st.integers(1, 100),
        unit=st.sampled_from(["pairs", "percent"]),
        seed=SEED,
    ),
    "licence": _step(
        "licence",
        rule=st.sampled_from(["keep", "drop"]),
        licences=st.lists(st.sampled_from(["", "MIT", "CC-BY-4.0"]), min_size=1, max_size=3),
    ),
    "certain_sample": _step(
        "certain_sample",
        prefer=st.sampled_from(["certain", "uncertain"]),
        percent=PERCENT,
        uncertainty=st.sampled_from(["consensus", "upo_bald"]),
        seed=SEED,
    ),
    "exact_duplicates": _step("exact_duplicates", same_prompt=st.booleans()),
    "decontaminate": _step("decontaminate", n=st.integers(1, 8), threshold=SHARE),
    "decontaminate_meaning": _step(
        "decontaminate_meaning", threshold=SHARE, keep_missing=st.booleans()
    ),
    "easy_pairs": _gap("easy_pairs", keep=st.sampled_from(["easy", "hard"]), percentile=PERCENT),
    "confirmed": _step(
        "confirmed", scorer=st.sampled_from(SCORERS), second_scorer=st.sampled_from(SCORERS)
    ),
    "soft_label": _step(
        "soft_label",
        rule=st.sampled_from(["consensus", "bradley_terry", "smpo", "score", "mean_score"]),
        scorer=st.sampled_from(SCORERS),
        scale=st.floats(0, 1000),
        keep_missing=st.booleans(),
        fill=st.sampled_from(["consensus", "mean"]),
    ),
    "training_margin": _gap("training_margin", scale=st.floats(0, 1000)),
    "weight": _gap("weight", rule=st.sampled_from(["gap", "certainty"]), mean_one=st.booleans()),
    "curriculum": _gap(
        "curriculum",
        scheme=st.sampled_from(["prompt", "global", "easy_first"]),
        blocks=st.integers(1, 5),
        percentile=PERCENT,
    ),
    "hold_out": _step("hold_out", percent=PERCENT, seed=SEED),
}  # fmt: skip
ANY_STEP = st.one_of(*STEP_OF.values())


def busy_project(project: Project) -> list[Pair]:
    """Twelve judged pairs: of several prompts, licences, splits and answers, two of them with equal texts,
    most with scores and embeddings; the prompt of the last one is excluded, which makes a step of its own."""
    prompts = [
        PromptFactory(
            project=project,
            split="eval" if place == 4 else "train",
            licence=["", "MIT", "CC-BY-4.0"][place % 3],
            source=["", "web"][place % 2],
            category=["", "code"][place // 3],
        )
        for place in range(6)
    ]
    rater = RaterFactory(project=project)
    leans = (0.9, 0.1, 0.6, 0.5, 0.95, 0.2, 0.8, 0.8, 0.3, 0.99, None, 0.9)
    pairs = [
        judged_pair(project, p, rater=rater, prompt=prompts[place // 2], texts=text)
        for place, (p, text) in enumerate(zip(leans, ("same", "Same", *map(str, range(10))), strict=True))
    ]
    judge_both_orders(pairs[1], RaterFactory(project=project), 0.7)  # judges who differ
    judge_both_orders(pairs[2], RaterFactory(project=project, kind="person", label="Ann"), 0.8)
    _score(project, pairs)
    embed(
        embedder_of(project), {prompt: near(direction(0), 0.2 * at) for at, prompt in enumerate(prompts[:5])}
    )
    PromptExclusion.objects.create(prompt=prompts[5], reason="Spam")
    return pairs


def with_producers(project: Project, step: RawStep) -> RawStep:
    """The step with each producer named, of which the project has one."""
    kind = STEPS[step["step"]]
    made = dict(ScoreProducer.objects.filter(project=project).values_list("scorer", "pk"))
    scorer_of = {field: step.get(scorer, kind.scored_by) for field, scorer in kind.scored.items()}
    return step | {field: made[name] for field, name in scorer_of.items() if name in made}


def _score(project: Project, pairs: list[Pair]) -> None:
    """Of each scorer but the last for most pairs: shares in both directions, gaps, and one without."""
    for number, scorer in enumerate((*SCORERS[:-1], "upo_bald")):
        producer = ScoreProducer.objects.create(
            project=project, scorer=scorer, fingerprint=scorer, label="tiny"
        )
        for place, pair in enumerate(pairs[number:10], start=number):
            share = place % 7 / 7
            gap = 4 * share - 2
            both = {
                "ln_ches": (gap, -gap),
                "logp_gap": (gap, -gap),
                "upo_probability": (share, 1 - share),
            }.get(scorer)
            directed = zip(("a_over_b", "b_over_a"), both, strict=True) if both else [("both", share)]
            PairScore.objects.bulk_create(
                PairScore(pair=pair, producer=producer, scorer=scorer, direction=direction, value=value)
                for direction, value in directed
            )
