"""Phrases that tell what a response is: a refusal, or an assistant that speaks of itself. English only.

Word patterns find what is said in so many words. They miss paraphrases, and they say nothing about whether
refusing was right.
"""

from __future__ import annotations

import re

from curation.algorithms.model_names import MODEL_NAMES

# A refusal comes first; further down “I cannot provide a source” is a detail.
OPENING_CHARS = 300

_DO = (
    r"(?:help|assist|provide|comply|fulfil|fulfill|answer|support|create|write|generate|engage|offer|give|"
    r"share|produce|participate|discuss|continue|respond|do\s+(?:that|this|so)|be\s+(?:able|of\s+help))\b"
)
_ADVERB = r"(?:\s+(?:in\s+good\s+conscience|ethically|directly|actually|simply|just|really|respectfully))?"
_REFUSALS = re.compile(
    rf"""
    \bI\s+(?:can't|can\s?not|couldn't|could\ not|won't|will\ not|shouldn't|refuse\ to|do\ not\ wish\ to)
        {_ADVERB}\s+{_DO}
    | \bI(?:'m|\ am)\s+(?:sorry,?\s+(?:but\s+)?)?(?:I(?:'m|\ am)\s+)?
        (?:unable|not\ able|not\ comfortable|not\ willing|not\ going|not\ allowed|not\ permitted)\b
    | \bI\s+(?:must|have\ to|will\ have\ to|need\ to){_ADVERB}\s+(?:decline|refuse)\b
    | \bI\s+(?:respectfully\s+)?decline\s+to\b
    | \b(?:against|violates?)\s+my\s+(?:programming|guidelines|policy|policies|principles|values)\b
    | \b(?:not|in)\s?appropriate\s+for\s+me\s+to\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_NAMES = "|".join(
    r"[\s_-]?".join(map(re.escape, re.split(r"[\s_-]+", name)))
    for name in sorted(MODEL_NAMES, key=len, reverse=True)
)
_IDENTITY = re.compile(
    rf"""
    \bas\s+an?\s+(?:AI|artificial\ intelligence)(?:[\s-]+(?:powered|based|language|chat|text-based))*
        \s+(?:model|assistant|chatbot|bot|system|program)\b
    | \bas\s+an\s+AI(?:,|\s+I\b)
    | \bas\s+a\s+(?:large\s+)?language\s+model\b
    | \bI(?:'m|\ am)\s+(?:just\s+|only\s+|merely\s+)?an?\s+
        (?:AI|artificial\ intelligence|(?:large\s+)?language\ model|chatbot|virtual\ assistant)\b
    | (?:\bI(?:'m|\ am)|\bmy\ name\ is|\bcall\ me)\s+(?:{_NAMES})(?!\w)
    | (?<!such\ )\bas\s+(?:{_NAMES}),
    | \bI\s+(?:was|am|have\ been)\b[^.!?\n]{{0,40}}\b(?:created|made|developed|trained|built)\s+by\s+
        (?:{_NAMES})(?!\w)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def refuses(text: str) -> bool:
    """Whether the first OPENING_CHARS characters decline to answer."""
    return bool(_REFUSALS.search(_plain(text[:OPENING_CHARS])))


def names_itself(text: str) -> bool:
    """Whether the text says that an AI wrote it, or which one."""
    return bool(_IDENTITY.search(_plain(text)))


def _plain(text: str) -> str:
    return text.replace("’", "'")
