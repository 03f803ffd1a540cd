"""What trainers do with rows that are too long for them, at N tokens of their own tokenizer.

Sources: TRL 1.16, `_prepare_dataset` of `DPOTrainer`, `KTOTrainer`, `RewardTrainer` and `SFTTrainer`;
LLaMA-Factory, `data/processor/pairwise.py` and `infer_seqlen`; Axolotl, `_drop_long_sequences` of
`utils/data/rl.py`; OpenRLHF, `reward_dataset.py`.
"""

from __future__ import annotations

from copy import copy

from curation.exporters.base import Exporter, LengthRule, Tokens
from curation.exporters.shapes import AnswerFormat


def within(exporter: Exporter, max_length: int) -> Exporter:
    """The same format, which also leaves out what its reader would drop or cut away at `max_length`."""
    limited = copy(exporter)
    of_pairs = [rule.at(max_length) for rule in exporter.length_rules if not rule.of_each]
    limited.rules = (*exporter.rules, *of_pairs)
    if isinstance(limited, AnswerFormat):
        limited.answer_rules = tuple(rule.at(max_length) for rule in exporter.length_rules if rule.of_each)
    return limited


def kept_of_responses(prompt: int, longer: int, max_length: int) -> int:
    """How many tokens of each response LLaMA-Factory keeps, the longer one having `longer`."""
    if longer * 2 < max_length:
        most = max_length
    elif prompt * 2 < max_length:
        most = max_length - prompt
    else:
        most = max_length * longer // (prompt + longer)
    return min(most, longer)


def _same_to_llama_factory(tokens: Tokens, max_length: int) -> bool:
    kept = kept_of_responses(tokens.prompt, tokens.longer - tokens.prompt, max_length)
    return tokens.same_before(tokens.prompt + kept)


IDENTICAL = "identical after truncation"
SAME = (
    "Cut at the longest that the trainer takes, both are the same tokens: nothing is preferred to anything."
)
FILLS = "prompt fills max length"
TEMPLATE = LengthRule(
    "chat template refuses the prompt",
    "The trainer's tokenizer cannot write this conversation, so training on it would stop with an error.",
    lambda tokens, _max_length: tokens.shared == 0,
)
LONGER = LengthRule(
    "longer than max length",
    "The trainer drops a row of which the prompt with either response is longer.",
    lambda tokens, max_length: tokens.longer > max_length,
)
SAME_TOKENS = LengthRule(IDENTICAL, SAME, lambda tokens, max_length: tokens.same_before(max_length))

TRL_FILLS = (
    TEMPLATE,
    LengthRule(
        FILLS,
        "TRL drops rows whose prompt leaves no token for the response.",
        lambda tokens, max_length: tokens.prompt >= max_length,
    ),
)
TRL_CUTS = (*TRL_FILLS, SAME_TOKENS)
DROPS_LONGER = (TEMPLATE, LONGER, SAME_TOKENS)
DROPS_LONGER_ANSWERS = (
    TEMPLATE,
    LengthRule(
        "identical in tokens",
        "Both responses are the same tokens: one text would be desirable and undesirable.",
        lambda tokens, _max_length: tokens.are_same,
    ),
    LengthRule(
        LONGER.reason,
        "The trainer drops a row of which the prompt with the response is longer; the other response of the "
        "pair can stay.",
        LONGER.cuts,
        of_each=True,
    ),
)
LLAMA_FACTORY_CUTS = (TEMPLATE, LengthRule(IDENTICAL, SAME, _same_to_llama_factory))
OPENRLHF_CUTS = (
    TEMPLATE,
    LengthRule(
        FILLS,
        "OpenRLHF's DPO drops rows whose prompt leaves fewer than three tokens for the response.",
        lambda tokens, max_length: tokens.prompt >= max_length - 2,
    ),
    # The last token that is kept is overwritten with the end token.
    LengthRule(IDENTICAL, SAME, lambda tokens, max_length: tokens.same_before(max_length - 1)),
)
