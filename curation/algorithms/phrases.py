"""Phrases that tell what a response is: a refusal, or an assistant that speaks of itself. English only.

Word patterns find what is said in so many words. They miss paraphrases, and they say nothing about whether
refusing was right.
"""

from __future__ import annotations

import re

from curation.algorithms.model_names import MODEL_NAMES

# A refusal comes first; further down “I cannot provide a source” is a detail.
OPENING_CHARS = 300

_NOT = r"(?:can't|can\s?not|couldn't|could\ not|won't|will\ not|shouldn't|refuse\ to|do\ not\ wish\ to)"
_ADVERB = (
    r"(?:\s+(?:in\s+good\s+(?:conscience|faith)|ethically|morally|legally|responsibly|directly|actually|simply|"
    r"just|really|respectfully|possibly|even))?"
)
# “How” before an adjective or “much” is emphasis: “I can't tell you how happy I am”.
_HOW = r"how\s+(?:to|you|one|I|we|they|he|she|it|people|someone|an?|the|this|that|these|those)\b"
_DO = rf"""(?:
    help\b(?!\s+(?:but|it|myself|feeling|thinking|wondering|noticing|laughing|smiling|loving|being)\b)
    | give\b(?!\s+(?:up|in)\b)
    | (?:assist|provide|comply|fulfil|fulfill|answer|support|create|write|generate|engage|offer|share|produce|
        participate|discuss|continue|respond|teach|instruct|guide|advise|promote|condone|encourage|endorse|
        facilitate|disclose|reveal|divulge)\b
    | do\s+(?:that|this|so)\b
    | be\s+(?:able|of\s+help)\b
    | (?:talk|speak)\s+about\b | (?:get|go)\s+into\b | walk\s+you\s+through\b
    | (?:tell|show)\s+you\b(?!\s+how\b) | (?:tell|show)\s+you\s+{_HOW}
    | (?:explain|describe|outline|detail)\s+(?:{_HOW}|(?:that|this|the|such|any)\b)
)"""
_REFUSALS = re.compile(
    rf"""
    \bI(?:,?\s+(?:really|simply|just|unfortunately|regrettably|sadly),?)?\s+{_NOT}
        (?:\s+(?:and|or)\s+{_NOT})?{_ADVERB}\s+{_DO}
    | \bI(?:'m|\ am)\s+(?:sorry,?\s+(?:but\s+)?)?(?:I(?:'m|\ am)\s+)?
        (?:unable|not\ (?:able|comfortable|willing|going(?!\s+to\s+lie\b)|allowed|permitted))\b
    | \bI\s+(?:do\ not|don't)\s+feel\s+comfortable\b
    | \bI(?:\s+must|\s+need\s+to|(?:'ll|\s+will|(?:'m|\s+am)\s+going\s+to)?\s+have\s+to)
        {_ADVERB}\s+(?:decline|refuse)\b
    | \bI\s+(?:respectfully\s+)?decline\s+to\b
    | \bI(?:'d|\ would)\s+(?:rather|prefer)\s+not\b
    | \bnot\s+something\s+(?:that\s+)?I(?:\s+can|'m\s+able\s+to|\ am\s+able\s+to|\s+will)\s+{_DO}
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
    | (?:^|[.!?:;,(]\s+)as\s+an\s+AI\s+(?:created|made|developed|trained|designed|built)\s+by\s+
        (?:{_NAMES})(?!\w)
    | \bas\s+a\s+(?:large\s+)?language\s+model\b
    | \bI(?:'m|\ am)\s+(?:just\s+|only\s+|merely\s+)?an?\s+
        (?:AI|artificial\ intelligence|(?:large\s+)?language\ model|chatbot|virtual\ assistant)\b
    | (?:\bI(?:'m|\ am)|\bmy\ name\ is|\bcall\ me)\s+(?:{_NAMES})(?!\w)
    | (?<!such\ )\bas\s+(?:{_NAMES}),
    | \bI\s+(?:was|am|have\ been)\b[^.!?\n]{{0,40}}\b(?:created|made|developed|trained|built)\s+by\s+
        (?:{_NAMES})(?!\w)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)


def refuses(text: str) -> bool:
    """Whether the first OPENING_CHARS characters decline to answer."""
    return bool(_REFUSALS.search(_plain(text[:OPENING_CHARS])))


def names_itself(text: str) -> bool:
    """Whether the text says that an AI wrote it, or which one."""
    return bool(_IDENTITY.search(_plain(text)))


def _plain(text: str) -> str:
    return text.replace("’", "'")
