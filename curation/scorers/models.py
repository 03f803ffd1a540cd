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
    ModelScorer(
        name="last_hidden_ip",
        label="Last hidden state",
        help="How alike the final hidden states of the last tokens of the two responses are. A baseline of "
        "the CHES paper: it tells likelihood displacement less well than CHES.",
        formula="⟨h(y⁺), h(y⁻)⟩, h the final hidden state of the last response token",
        source=RAZIN,
        needs=Needs.HIDDEN_STATES,
        directed=False,
        worse=Worse.HIGH,
        computation="last_hidden_ip",
    ),
    ModelScorer(
        name="token_edit",
        label="Token edit similarity",
        help="How few tokens must be changed to turn one response into the other: 0 none, −1 all. The other "
        "baseline of the CHES paper.",
        formula="−Levenshtein(tokens(y⁺), tokens(y⁻)) / max(|y⁺|, |y⁻|)",
        source=RAZIN,
        needs=Needs.TOKENS,
        directed=False,
        worse=Worse.HIGH,
        computation="token_edit",
    ),
    ModelScorer(
        name="logp_gap",
        label="Log-probability gap",
        help="How much likelier the model finds the chosen response, as a sum over its tokens. The same gap "
        "under two models, subtracted, is the density ratio of Dr. SoW.",
        formula="Σ log π(chosen) − Σ log π(rejected)",
        source="Xu et al., arXiv 2411.02481",
        needs=Needs.LOG_PROBABILITIES,
        directed=True,
        worse=Worse.NEITHER,
        unit="nats",
        computation="logprob",
        ranks_responses=True,
    ),
    ModelScorer(
        name="mean_logp_gap",
        label="Mean log-probability gap",
        help="The same for the average token, so that a long response is not less likely for its length.",
        formula="mean log π(chosen) − mean log π(rejected)",
        source="Xu et al., arXiv 2411.02481",
        needs=Needs.LOG_PROBABILITIES,
        directed=True,
        worse=Worse.NEITHER,
        unit="nats a token",
        computation="logprob",
        ranks_responses=True,
    ),
    ModelScorer(
        name="entanglement",
        label="Gradient entanglement",
        help="Above 1, a DPO step moves the likelihoods of both responses the same way. The gradients are "
        "those of the unembedding matrix alone, exactly.",
        formula="⟨g⁺, g⁻⟩ / min(‖g⁺‖², ‖g⁻‖²), g = Σₜ (e(yₜ) − πₜ) hₜᵀ",
        source="Yuan et al., arXiv 2410.13828",
        needs=Needs.LOG_PROBABILITIES,
        directed=False,
        worse=Worse.HIGH,
        computation="entanglement",
    ),
)
