"""The language of every prompt, as the rows to store."""

from __future__ import annotations

from functools import lru_cache

from curation.algorithms.decontamination import user_text
from curation.algorithms.languages import UNTOLD, detect
from curation.cleaning import Beat, Found, included_prompts, n_excluded
from curation.languages import declared_language
from curation.models import CleaningReport


def find_languages(report: CleaningReport, beat: Beat) -> Found:
    """What language users write in, for each prompt that is not excluded, and whether its field says
    another."""
    declared_as = lru_cache(maxsize=1024)(declared_language)
    rows: list[tuple[int, str, bool]] = []
    for prompt, messages, field in included_prompts(report.project, beat, "language"):
        found, declared = detect(user_text(messages)), declared_as(field)
        rows.append((prompt, found, UNTOLD not in {found, declared} and found != declared))
    return Found(
        counts={
            "prompts": len(rows),
            "excluded": n_excluded(report.project),
            "untold": sum(language == UNTOLD for _, language, _ in rows),
            "languages": len({language for _, language, _ in rows} - {UNTOLD}),
            "contradict": sum(contradicts for _, _, contradicts in rows),
        },
        table="curation_languagefinding",
        columns=("prompt_id", "language", "contradicts"),
        rows=rows,
    )
