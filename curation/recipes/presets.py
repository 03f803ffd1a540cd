"""Recipes to start from: what a paper does, as far as steps express it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from curation.consensus_methods import consensus_methods


@dataclass(frozen=True)
class Preset:
    """`help` says what its steps do, and where that is not what the paper does."""

    key: str
    name: str
    source: str
    help: str
    steps: tuple[dict[str, Any], ...]


PRESETS = (
    Preset(
        "ches-5",
        "CHES 5 %",
        "Razin et al., arXiv 2410.08847, section 6",
        "Keeps the 5 % of the scored pairs with the lowest length-normalised CHES, as the paper does before "
        "it trains with DPO on refusals; keeping up to 15 % did as well there. Score the pairs first, under "
        "the model to be trained.",
        ({"step": "consensus_exists"}, {"step": "drop_top_ln_ches", "percent": 95.0}),
    ),
    Preset(
        "helpsteer2-preference",
        "HelpSteer2-Preference",
        "Wang et al., arXiv 2410.01257",
        "The three most similar strengths decide. Pairs on which they spread over more than 2 or come to a "
        "tie are dropped, and so are pairs that everyone calls bad. It means what it means in the paper only "
        "where at least three people answered.",
        ({"step": "consensus_exists", "method": "three_most_similar"},),
    ),
    Preset(
        "tulu-3",
        "Tülu 3 mix",
        "Lambert et al., arXiv 2411.15124",
        "Drops pairs whose prompt covers over half of an eval prompt's words with 8-grams. The paper applies "
        "the rule to whole training sets, here each pair is tested. Equal pairs of one prompt are dropped "
        "first, which is ours. Four responses to a prompt and their ratings come from sampling and judges.",
        (
            {"step": "consensus_exists"},
            {"step": "exact_duplicates", "same_prompt": True},
            {"step": "decontaminate", "n": 8, "threshold": 0.5},
        ),
    ),
    Preset(
        "upo-certain",
        "UPO, certain pairs",
        "Wang et al., arXiv 2409.11212",
        "Keeps half of the pairs, drawn with weights that favour certain ones. The paper measures certainty "
        "by an estimator's dropout, and drops pairs on which it contradicts the reward model; here the "
        "entropy of the consensus stands for the first, and agreement among judges for the second.",
        (
            {"step": "consensus_exists"},
            {"step": "judges_agree", "require_judge": False},
            {"step": "certain_sample", "prefer": "certain", "percent": 50.0},
        ),
    ),
    Preset(
        "upo-estimator",
        "UPO, certain pairs by an estimator",
        "Wang et al., arXiv 2409.11212",
        "Drops the pairs on which the estimator's majority contradicts the consensus, then keeps half of "
        "the others, drawn with weights 1 − BALD. Train an estimator on the page Scores first. It checks the "
        "consensus of the judgments, where the paper's checks a reward model; pairs on which its passes are "
        "split evenly stay, as in the paper's code.",
        (
            {"step": "consensus_exists"},
            {"step": "score_threshold", "scorer": "upo_majority", "by": "value", "min": 0.0},
            {"step": "certain_sample", "prefer": "certain", "percent": 50.0, "uncertainty": "upo_bald"},
        ),
    ),
    Preset(
        "scir-consistent",
        "SCIR, consistent judges",
        "arXiv 2502.08922",
        "Keeps pairs for which every judge, in both orders, names the same winner. The paper selects by the "
        "internal reward models of the model in training and adds a loss for consistency; here the project's "
        "judges stand for them, and the loss is not changed.",
        ({"step": "consensus_exists"}, {"step": "judges_agree"}),
    ),
    Preset(
        "cream-dyn",
        "CREAM-dyn",
        "Wang et al., arXiv 2410.12735",
        "Takes the consistency of two rankings of a prompt's responses, Kendall's τ as a share, for the "
        "soft label of its pairs, and the mean over the prompts where it is not known: compare two models "
        "or judges on the page Scores first. The paper ranks by the implicit rewards of two iterations of "
        "one model and pairs the response with the highest reward with the one with the lowest; here the "
        "judgments say which is chosen. Its main variant takes the mean for every pair, “the mean score” in "
        "the step. A trainer must read the label; DPO as it comes does not.",
        (
            {"step": "consensus_exists"},
            {
                "step": "soft_label",
                "rule": "score",
                "scorer": "kendall_consistency",
                "keep_missing": True,
                "fill": "mean",
            },
        ),
    ),
    Preset(
        "skywork-v2-2",
        "Skywork-V2 stage 2",
        "Liu et al., arXiv 2507.01352",
        "Keeps labels that a trusted reward model confirms together with the judges or the best reward "
        "model. The paper trains the trusted one on human labels alone: here it is the estimator trained on "
        "the project's judgments, and the best one is the implicit reward. Where judges alone made a label, "
        "their majority is the label again, and the estimator has learned from them: the rule says most "
        "where people judged. Flipping what was dropped, and asking judges again where the reward model "
        "doubts, are left to you.",
        (
            {"step": "consensus_exists"},
            {"step": "confirmed", "scorer": "upo_probability", "second_scorer": "implicit_reward_gap"},
        ),
    ),
    Preset(
        "curry-dpo",
        "Curry-DPO",
        "Pattnaik et al., arXiv 2403.07230",
        "Orders the pairs of every prompt from the easiest to the hardest, in blocks to be trained one "
        "after another, by the margin of the consensus. In the paper each block starts from the model of "
        "the one before, as policy and as reference, which is left to you. It pairs the best response with "
        "each other one, by the plan “best against each”, and orders by GPT-4's scores, by the reference "
        "model's log-probabilities or by rank: choose the gap of the step for the last two.",
        ({"step": "consensus_exists"}, {"step": "curriculum", "scheme": "prompt"}),
    ),
    Preset(
        "mpo-easy",
        "MPO, easy pairs",
        "Gou and Nguyen, arXiv 2403.19443",
        "Keeps the half of the pairs with the larger margin, on which the paper trains DPO first. It divides "
        "by a reward model's gap at a threshold that it does not name, and goes on with PPO on the rest.",
        ({"step": "consensus_exists"}, {"step": "easy_pairs", "keep": "easy", "percentile": 50.0}),
    ),
    Preset(
        "scaled-bt",
        "Scaled Bradley-Terry",
        "Wang et al., arXiv 2410.01257",
        "Weighs each pair by the strength that raters stated, for a reward model: the loss is −m log σ(Δr) "
        "with m the strength. The paper's m is 1, 2 or 3, the rounded mean of the three most similar "
        "raters; here it is the mean of all, not rounded, which lies below 1 where raters differ on the "
        "winner. “Three most similar” in the first step leaves out the pairs that the paper leaves out.",
        (
            {"step": "consensus_exists"},
            {"step": "weight", "rule": "gap", "gap": "strength", "mean_one": False},
        ),
    ),
)


def available_presets() -> list[Preset]:
    """Those whose consensus methods are registered."""
    names = {method.name for method in consensus_methods()}
    return [
        preset for preset in PRESETS if all(step.get("method") in {None, *names} for step in preset.steps)
    ]
