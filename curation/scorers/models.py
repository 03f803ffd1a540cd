"""Scorers that a model's forward passes give."""

from __future__ import annotations

from curation.scorers.base import ModelScorer, Needs, Worse

RAZIN = "Razin et al., arXiv 2410.08847"
XU = "Xu et al., arXiv 2411.02481"
YUAN = "Yuan et al., arXiv 2410.13828"

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
        name="angle_concentration",
        label="Angle concentration",
        help="How much a response's hidden states point the same way, among themselves and as the prompt's; "
        "the mean of both responses. GAIN-RL trains on high scores first. It scores prompts, its segments "
        "being instructions and question; here they are prompt and response.",
        formula="½ Σ over both y of mean cos(y, y) + 8 · mean cos(y, x), of the inputs of the last "
        "feed-forward block",
        source="Wang et al., arXiv 2506.02281",
        needs=Needs.HIDDEN_STATES,
        directed=False,
        worse=Worse.LOW,
        computation="angle",
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
        "under two models, subtracted, is the implicit reward gap.",
        formula="Σ log π(chosen) − Σ log π(rejected)",
        source=XU,
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
        source=XU,
        needs=Needs.LOG_PROBABILITIES,
        directed=True,
        worse=Worse.NEITHER,
        unit="nats a token",
        computation="logprob",
        ranks_responses=True,
    ),
    ModelScorer(
        name="perplexity_gap",
        label="Perplexity gap",
        help="How much more the chosen response surprises the model. The gap of the logarithms is the mean "
        "log-probability gap with its sign turned; this one is ruled by responses the model finds very "
        "unlikely.",
        formula="exp(−mean log π(chosen)) − exp(−mean log π(rejected))",
        source="Jelinek et al. 1977; as a filter: Ankner et al., arXiv 2405.20541",
        needs=Needs.LOG_PROBABILITIES,
        directed=True,
        worse=Worse.NEITHER,
        computation="logprob",
    ),
    ModelScorer(
        name="on_policy",
        label="On-policy-ness",
        help="How much both responses are what the model itself would write: low for those of other models "
        "or people. WPO weighs pairs by the exponential of twice this; its correction for how sure the model "
        "is at each token is left out.",
        formula="½ (mean log π(chosen) + mean log π(rejected))",
        source="Zhou et al., arXiv 2406.11827",
        needs=Needs.LOG_PROBABILITIES,
        directed=False,
        worse=Worse.LOW,
        unit="nats a token",
        computation="logprob",
    ),
    ModelScorer(
        name="entanglement",
        label="Gradient entanglement",
        help="Above 1, a DPO step moves the likelihoods of both responses the same way. The gradients are "
        "those of the unembedding matrix alone, exactly.",
        formula="⟨g⁺, g⁻⟩ / min(‖g⁺‖², ‖g⁻‖²), g = Σₜ (e(yₜ) − πₜ) hₜᵀ",
        source=YUAN,
        needs=Needs.LOG_PROBABILITIES,
        directed=False,
        worse=Worse.HIGH,
        computation="entanglement",
    ),
    ModelScorer(
        name="implicit_reward_gap",
        label="Implicit reward gap",
        help="How much more the model, against its reference, favours the chosen response: DPO's implicit "
        "reward with β = 1, so multiply by your own β. Below 0 the model contradicts the label. With a "
        "stronger model against a weaker one the same number is the density ratio of Dr. SoW.",
        formula="Σ log (π / π_ref)(chosen) − Σ log (π / π_ref)(rejected)",
        source=f"Rafailov et al., arXiv 2305.18290; {XU}",
        needs=Needs.TWO_MODELS,
        directed=True,
        worse=Worse.LOW,
        unit="nats",
        ranks_responses=True,
        is_reward=True,
        computation="log_ratio",
    ),
    ModelScorer(
        name="mean_implicit_reward_gap",
        label="Mean implicit reward gap",
        help="The same for the average token, so that length counts less: Dr. SoW's averaged density ratio.",
        formula="mean log (π / π_ref)(chosen) − mean log (π / π_ref)(rejected)",
        source=XU,
        needs=Needs.TWO_MODELS,
        directed=True,
        worse=Worse.LOW,
        unit="nats a token",
        ranks_responses=True,
        computation="log_ratio",
    ),
    ModelScorer(
        name="lora_entanglement",
        label="LoRA gradient entanglement",
        help="Above 1, a DPO step moves the likelihoods of both responses the same way. The gradients are "
        "those of fresh LoRA adapters on all linear layers, that is of training's first step. Computed for a "
        "sample of pairs; the paper measures models in the middle of training too.",
        formula="⟨g⁺, g⁻⟩ / min(‖g⁺‖², ‖g⁻‖²), g = ∇ Σ log π(y) by the adapters",
        source=YUAN,
        needs=Needs.GRADIENTS,
        directed=False,
        worse=Worse.HIGH,
        computation="lora_entanglement",
        sampled=True,
    ),
)
