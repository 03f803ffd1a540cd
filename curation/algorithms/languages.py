"""Which language a text is in, by py3langid (a naive Bayes model of byte n-grams after Lui and Baldwin,
ACL 2012, "langid.py"; 141 languages).

Languages that ISO 639-3 counts as one macrolanguage are one here, because short texts of them are told apart
badly: Chinese, Arabic, Norwegian, Serbo-Croatian, Malay with Indonesian, Uzbek, Kurdish.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from curation.algorithms.decontamination import UNSPACED
from curation.algorithms.response_text import outline

# What is read of a text: the model has long decided by then.
READ_CHARS = 2000
# Below these the model is wrong too often (docs/cleaning.md has the measurement).
LEAST_LETTERS, LEAST_PROBABILITY, LEAST_SHARE = 20, 0.6, 0.5
UNTOLD = ""
MACROLANGUAGE = {
    "ary": "ar", "arz": "ar", "bs": "sh", "hr": "sh", "id": "ms", "nn": "no", "nb": "no", "sdh": "ku",
    "sr": "sh", "uzs": "uz", "wuu": "zh", "yue": "zh",
}  # fmt: skip
NAMES = {"sh": "Serbo-Croatian", "ms": "Malay, Indonesian", "no": "Norwegian", "zh": "Chinese"}

_NOT_LANGUAGE = re.compile(r"`[^`\n]{1,400}`|https?://\S{1,2000}")
# A character that is a syllable or a word says as much as about three letters.
_DENSE, _DENSE_LETTERS = re.compile(f"[{UNSPACED}가-힣]"), 3
_NO_CONTENT = "zxx"


def detect(text: str) -> str:
    """The ISO 639 code of the language of a text's prose; UNTOLD where it cannot be told.

    It cannot where there are fewer than LEAST_LETTERS letters (a Han, kana or Hangul character counts as
    three), where letters are less than half of what is written, or where the model gives no language a
    probability of LEAST_PROBABILITY. Code in fences or backticks and addresses of pages are not read.
    """
    return _detected(_NOT_LANGUAGE.sub(" ", "\n".join(outline(text).prose))[:READ_CHARS].strip())


def is_same_language(asked: str, answered: str) -> bool:
    """Whether both texts are in one language; so too where it cannot be told of one of them."""
    wanted = detect(asked)
    return wanted == UNTOLD or detect(answered) in {UNTOLD, wanted}


@lru_cache(maxsize=1)
def known_languages() -> frozenset[str]:
    """Every code that `detect` can give."""
    return frozenset(grouped(label) for label in _identifier().labels) - {_NO_CONTENT}


def grouped(code: str) -> str:
    """The code of the macrolanguage that stands for the language here."""
    return MACROLANGUAGE.get(code, code)


@lru_cache(maxsize=1024)  # a prompt is asked for with each response of each of its pairs
def _detected(prose: str) -> str:
    letters = sum(map(str.isalpha, prose))
    weight = letters + (_DENSE_LETTERS - 1) * len(_DENSE.findall(prose))
    if weight < LEAST_LETTERS or letters < LEAST_SHARE * len("".join(prose.split())):
        return UNTOLD
    probability: dict[str, float] = {}
    for label, p in _identifier().rank(prose):
        probability[grouped(label)] = probability.get(grouped(label), 0.0) + p
    best = max(probability, key=lambda code: (probability[code], code))
    return UNTOLD if best == _NO_CONTENT or probability[best] < LEAST_PROBABILITY else best


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """Loaded when the first text is asked about: it takes a second and some 60 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
