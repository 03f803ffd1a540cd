"""Lists of offensive words: the one that comes with Tiebreak, and a file of the operator's."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from curation.algorithms.word_lists import WordList, word_list

# Entries that would be another word without their signs or their capitals: the names of a function and of a
# shell, and a syllable of many names.
MISREAD = {"LEN", "sh!+", "shi+"}


@lru_cache(maxsize=1)
def english_words() -> WordList:
    """The list of the package better-profanity, as whole words."""
    lines = (
        files("better_profanity").joinpath("profanity_wordlist.txt").read_text(encoding="utf-8").split("\n")
    )
    return word_list("\n".join(line for line in lines if line not in MISREAD))


def words_of(path: str | Path) -> WordList:
    """The list in a UTF-8 file, one word or phrase a line. Raises ValueError, in words, where it cannot be
    read."""
    try:
        return word_list(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"The list of offensive words {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"The list of offensive words {path} is not UTF-8.") from error
    except ValueError as error:
        raise ValueError(f"The list of offensive words {path} cannot be used: {error}.") from error
