"""The language of a text, by article 1 of the Universal Declaration of Human Rights."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.algorithms.languages import (
    LEAST_LETTERS,
    MACROLANGUAGE,
    UNTOLD,
    detect,
    grouped,
    is_same_language,
    known_languages,
)

ARTICLE_1 = {
    "en": "All human beings are born free and equal in dignity and rights.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "zh": "人人生而自由,在尊严和权利上一律平等。",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "sh": "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima.",
    "ms": "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama.",
}


@pytest.mark.parametrize("code", ARTICLE_1)
def test_it_works(code: str) -> None:
    assert detect(ARTICLE_1[code]) == code


@pytest.mark.parametrize(
    "text",
    [
        "", "Paris.", "你好", "1 + 1 = 2; 2 + 2 = 4; 10, 20, 30, 40, 50", "😀" * 30,
        "```python\nThis sentence stands in a block of code, where nobody reads it.\n```",
        "`This sentence stands between backticks`", "https://example.org/this-is-no-sentence-in-english-at-all",
        "print('x')\nfor i in range(3): print(i)", "x = 1234567890 * 42 - 17 / 3 + 99999 = 12345678901234",
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_not_guessed(text: str) -> None:
    assert detect(text) == UNTOLD


def test_code_does_not_hide_the_prose_around_it() -> None:
    block = "```\n" + "foo = bar(baz)\n" * 40 + "```"
    assert detect(f"{ARTICLE_1['de']}\n{block}") == "de"


@pytest.mark.parametrize("asked", [ARTICLE_1["en"], ARTICLE_1["fr"]])
def test_answers_in_the_language_asked_in_match(asked: str) -> None:
    assert is_same_language(asked, asked)
    assert not is_same_language(asked, ARTICLE_1["es"])
    assert is_same_language(asked, "42")
    assert is_same_language("42", asked)


def test_the_codes_are_those_of_groups() -> None:
    known = known_languages()
    assert set(ARTICLE_1) <= known
    assert not known & set(MACROLANGUAGE)
    assert {grouped("yue"), grouped("hr"), grouped("fr")} == {"zh", "sh", "fr"}


@settings(deadline=None)  # the first call loads the model
@given(st.text(max_size=60))
def test_every_answer_is_a_known_code_or_none(text: str) -> None:
    found = detect(text)
    assert found == UNTOLD or found in known_languages()
    if sum(character.isalpha() for character in text) * 3 < LEAST_LETTERS:
        assert found == UNTOLD
