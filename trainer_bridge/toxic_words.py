"""The site's list of offensive words, and the copy of it that a job scores by from its first attempt on."""

from __future__ import annotations

from django.conf import settings

from curation.algorithms.word_lists import WordList
from curation.scorers.offensive import english_words, words_of
from trainer_bridge.errors import JobError
from trainer_bridge.models import Job

FILE = "toxic_words.txt"


def site_words() -> WordList:
    """The file that TIEBREAK_TOXIC_WORDS names, or the English list. Raises ValueError where the file cannot
    be used."""
    return words_of(settings.TOXIC_WORDS) if settings.TOXIC_WORDS else english_words()


def is_site_list(sha256: str) -> bool:
    """Whether a new scoring would count by the list with this hash."""
    try:
        return site_words().sha256 == sha256
    except ValueError:
        return False


def words_keep(job: Job) -> None:
    """Lay the list down in the job's folder, once: an attempt after the file changed scores by the same
    words as the first. `job.inputs` keeps which list it is."""
    copy = job.out_dir / FILE
    if "toxic_words" in job.inputs and copy.exists():
        return
    try:
        words = site_words()
    except ValueError as error:
        raise JobError(
            f"{error} The operator can mend the file, or set TIEBREAK_TOXIC_WORDS to another one; then press "
            "Retry, or score without “Offensive words”."
        ) from error
    copy.write_text(words.text, encoding="utf-8")
    job.inputs["toxic_words"] = words.sha256
