"""Take in judgments by named raters, with the prompts, responses and pairs they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from curation.importers.rows import FileRow
from curation.models import Project
from curation.services.judgment_parse import judgment_parse
from curation.services.preference_land import preferences_land
from curation.services.preference_parse import ParsedPreference
from curation.services.prompt_parse import RowError

BATCH_ROWS = 1000


@dataclass
class ImportCounts:
    """What became of the rows: `issues` are (line, reason) of those that failed."""

    created: int = 0
    duplicate: int = 0
    prompts: int = 0
    pairs: int = 0
    issues: list[tuple[int, str]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.issues)


def judgments_import(*, project: Project, rows: Iterable[FileRow]) -> ImportCounts:
    """Store every row that says something; a row whose rater already gave this very answer on this pair, as
    shown here, is a duplicate, so running a file again adds nothing. Response a counts as shown left."""
    counts = ImportCounts()
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        parsed = []
        for row in batch:
            try:
                parsed.append(_parsed(row))
            except RowError as error:
                counts.issues.append((row.line, str(error)))
        landed = preferences_land(project=project, preferences=parsed).landed
        counts.created += landed["judgments"]
        counts.duplicate += landed["repeated"]
        counts.prompts += landed["prompts"]
        counts.pairs += landed["pairs"]
    return counts


def _parsed(row: FileRow) -> ParsedPreference:
    if row.value is None:
        raise RowError(row.problem)
    return judgment_parse(row.value)
