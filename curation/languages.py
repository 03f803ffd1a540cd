"""Names of languages, and what a prompt's own field says in them."""

from __future__ import annotations

from functools import lru_cache

from django.conf.locale import LANG_INFO

from curation.algorithms.languages import NAMES, UNTOLD, grouped, known_languages

TOO_SHORT = "too short to tell"


def language_name(code: str) -> str:
    """What a language is called in English; its code where that is not known."""
    if code == UNTOLD:
        return TOO_SHORT
    return NAMES.get(code) or str(LANG_INFO.get(code, {}).get("name", code))


def declared_language(value: str) -> str:
    """The code of a language that is written as a code (en), a tag (pt-BR) or a name (German, Deutsch);
    UNTOLD where it is none that the identifier knows."""
    said = value.strip().casefold().replace("_", "-")
    code = _codes_by_name().get(said) or grouped(said.partition("-")[0])
    return code if code in known_languages() else UNTOLD


@lru_cache(maxsize=1)
def _codes_by_name() -> dict[str, str]:
    names = {name: code for code, name in NAMES.items()}
    for tag, info in LANG_INFO.items():
        code = grouped(tag.partition("-")[0])
        names |= {str(info[key]): code for key in ("name", "name_local") if key in info}
    return {name.casefold(): code for name, code in names.items()}
