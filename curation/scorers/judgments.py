"""Scorers that read what raters said, computed by `curation/judged_scores.py`."""

from __future__ import annotations

from dataclasses import dataclass

from curation.scorers.base import Needs, Scorer, Worse

HOULSBY = "Houlsby et al., arXiv 1112.5745; ensembles as in Lakshminarayanan et al., arXiv 1612.01474"


@dataclass(frozen=True, kw_only=True)
class JudgmentScorer(Scorer):
    """Symmetric: which response is the chosen one is itself a matter of the judgments."""

    needs: Needs = Needs.JUDGMENTS
    directed: bool = False


JUDGMENT_SCORERS: tuple[JudgmentScorer, ...] = (
    JudgmentScorer(
        name="judge_entropy",
        label="Judge entropy",
        help="How unsure each LLM judge is of its own answer, averaged over judges: 0 certain, 0.69 a coin "
        "toss. P is the probability that a judge stated, averaged over both orders; of a judge that states "
        "none, its verdicts in both orders, so that one that flips with the order tosses a coin.",
        formula="mean over judges of −P ln P − (1 − P) ln(1 − P)",
        source=HOULSBY,
        worse=Worse.HIGH,
        unit="nats",
    ),
    JudgmentScorer(
        name="judge_bald",
        label="Judge disagreement",
        help="What the LLM judges, each of them sure, still disagree on: 0 where all say the same, even if "
        "that is a coin toss. P as for judge entropy. Pairs with fewer than two judges have none.",
        formula="H[mean P] − mean over judges of H[P]",
        source=HOULSBY,
        worse=Worse.HIGH,
        unit="nats",
    ),
    JudgmentScorer(
        name="rater_entropy",
        label="Rater entropy",
        help="How unsure all raters are together, people and judges with one vote each: the entropy of the "
        "consensus by mean probability, without reviewers' decisions. A strength without a probability "
        "stands for 0.65, 0.85 or 0.95, which is a convention of ours.",
        formula="H[mean P] over all raters",
        source=HOULSBY,
        worse=Worse.HIGH,
        unit="nats",
    ),
    JudgmentScorer(
        name="rater_bald",
        label="Rater disagreement",
        help="What all raters, people and judges, disagree on: BALD with the raters as the members of the "
        "ensemble. P as for rater entropy. Pairs with fewer than two raters have none.",
        formula="H[mean P] − mean over raters of H[P]",
        source=HOULSBY,
        worse=Worse.HIGH,
        unit="nats",
    ),
    JudgmentScorer(
        name="unanimity",
        label="Unanimity",
        help="The share of two predictions that name the same winner: 1 where all agree, which is what SCIR "
        "keeps. A prediction is the verdict of a judge in one order, of judges that answered in both, and "
        "the sign of the newest implicit reward, where the pair has one. SCIR asks the internal judges of "
        "the model in training and adds a loss for consistency; neither is done here.",
        formula="agreeing predictions / all, over two predictions at a time",
        source="after arXiv 2502.08922",
        worse=Worse.LOW,
        unit="share",
    ),
    JudgmentScorer(
        name="transitivity",
        label="Transitivity",
        help="The share of the pair's triads that are no circle, such as A over B over C over A. A triad is "
        "the pair and a third response that won or lost against both, by the consensus of mean probability. "
        "Ties, and pairs without a triad, have none.",
        formula="1 − circular triads / triads that hold the pair",
        source="Kendall and Babington Smith, 1940; Zhang et al., arXiv 2410.02197",
        worse=Worse.LOW,
        unit="share",
    ),
)
