"""Scorers that read nothing but the texts, as a model's tokenizer and chat template write them."""

from __future__ import annotations

from curation.scorers.base import TokenScorer, Worse

TOKEN_SCORERS: tuple[TokenScorer, ...] = (
    TokenScorer(
        name="shared_tokens",
        label="Tokens in common",
        help="How many tokens the two conversations, prompt included, have in common before they first "
        "differ. Cut at that many tokens or fewer they are the same: training sees no preference. 0 means "
        "that the chat template refuses the prompt. Exports use it to leave out what a trainer would drop.",
        formula="|longest common beginning of tokens(prompt, chosen) and tokens(prompt, rejected)|",
        source="TRL 1.16, DPOTrainer: tokenize_fn and truncation keep_start",
        directed=False,
        worse=Worse.HIGH,
        unit="tokens",
    ),
)
SHARED_TOKENS = TOKEN_SCORERS[0].name
