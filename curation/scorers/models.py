"""Scorers that a model's forward passes give."""

from __future__ import annotations

from curation.scorers.base import ModelScorer, Needs, Worse

RAZIN = "Razin et al., arXiv 2410.08847"

MODEL_SCORERS: tuple[ModelScorer, ...] = (
    ModelScorer(
        name="ches",
        label="CHES",
        help="How alike the model finds the two responses, by their summed hidden states. Training on pairs "
        "with high scores lowers the likelihood of both. It has no absolute scale and grows with length: cut "
        "it by rank.",
        formula="⟨S⁺, S⁻⟩ − ‖S⁺‖², S the sum of the final hidden states",
        source=RAZIN,
        needs=Needs.HIDDEN_STATES,
        directed=True,
        worse=Worse.HIGH,
        computation="ches",
    ),
    ModelScorer(
        name="ln_ches",
        label="ln-CHES",
        help="CHES of the mean hidden states, so that length plays no part: the one to filter by.",
        formula="⟨S⁺, S⁻⟩ / (n⁺ n⁻) − ‖S⁺‖² / (n⁺)²",
        source=RAZIN,
        needs=Needs.HIDDEN_STATES,
        directed=True,
        worse=Worse.HIGH,
        computation="ches",
    ),
)
