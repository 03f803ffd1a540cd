"""How long recipes, previews, freezes and exports take on a large project, and in how much memory.

    python -m benchmarks.curation [--pairs 1000000] [--keep DIR]

It fills an embedded PostgreSQL of its own with pairs, judgments of two raters and scores of two scorers in
both directions. The baseline of the export is PostgreSQL's own COPY of the same rows, as JSON lines.
`--keep DIR` leaves the filled database for another run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from curation.models import Project

T = TypeVar("T")
SLUG = "curation-bench"
STEPS: list[dict[str, Any]] = [
    {"step": "consensus_exists"},
    {"step": "min_margin", "margin": 0.1},
    {"step": "drop_top_ln_ches", "percent": 5},
    {"step": "length_ratio", "min": 0.5, "max": 2},
    {"step": "score_threshold", "scorer": "ches", "by": "percentile", "min": 1, "max": 99},
    {"step": "cap_per_value", "per": "category", "at_most": 100_000},
]
JUDGMENTS = """
INSERT INTO curation_judgment
    (pair_id, rater_id, "left", outcome, preference, attributes, rationale, skip_reason, source, created_at)
SELECT pair.id, rater.id, CASE WHEN (pair.id + rater.id) %% 2 = 0 THEN 'a' ELSE 'b' END, 'preferred',
       (ARRAY[3, 2, 1, -2, -3])[1 + (pair.id * 7 + rater.id * (pair.id %% 3)) %% 5],
       '{}', '', '', 'import', now()
FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id AND prompt.project_id = %(project)s
CROSS JOIN (SELECT id FROM curation_rater WHERE project_id = %(project)s) rater
"""
SCORES = """
INSERT INTO curation_pairscore (pair_id, producer_id, scorer, direction, value, details, created_at)
SELECT pair.id, producer.id, producer.scorer, direction,
       -1000 * abs(sin(pair.id * 12.9898 + producer.id)), '{}', now()
FROM curation_pair pair
JOIN curation_prompt prompt ON prompt.id = pair.prompt_id AND prompt.project_id = %(project)s
CROSS JOIN (SELECT id, scorer FROM curation_scoreproducer WHERE project_id = %(project)s) producer
CROSS JOIN (VALUES ('a_over_b'), ('b_over_a')) AS way (direction)
"""
PLAIN = """
COPY (
    SELECT json_build_object('prompt', p.messages, 'chosen', c.text, 'rejected', r.text, 'p', row.soft_label)
    FROM curation_datasetrow row
    JOIN curation_pair pair ON pair.id = row.pair_id
    JOIN curation_prompt p ON p.id = pair.prompt_id
    JOIN curation_response c ON c.id = row.chosen_id
    JOIN curation_response r ON r.id = row.rejected_id
    WHERE row.version_id = {version} ORDER BY row.position
) TO STDOUT
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="folder of the filled database, kept and used again")
    options = parser.parse_args()
    var = options.keep or Path(tempfile.mkdtemp(prefix="tiebreak-bench-"))
    os.environ["TIEBREAK_VAR"] = str(var.resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    os.environ["LOG_LEVEL"] = "ERROR"
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from config.services import ensure_services

    ensure_services()
    import django
    from django.conf import settings

    settings.DEBUG = False  # or every statement would be kept
    django.setup()
    print(f"{options.pairs:,} pairs, 2 raters, 2 scorers", flush=True)
    try:
        measure(prepare(options.pairs))
    finally:
        if not options.keep:
            shutil.rmtree(var, ignore_errors=True)


def prepare(n_pairs: int) -> Project:
    """The project; filled unless the folder already holds it."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.labelling_seed import seed_pairs
    from curation.models import Project, Rater, ScoreProducer, User
    from curation.services.project_create import project_create

    call_command("migrate", interactive=False, verbosity=0)
    existing = Project.objects.filter(slug=SLUG).first()
    if existing:
        return existing
    owner, _ = User.objects.get_or_create(username="curation-bench")
    project = project_create(name="Curation bench", slug=SLUG, owner=owner)
    for name in ("one", "two"):
        Rater.objects.create(project=project, kind=Rater.Kind.PERSON, label=name)
    for scorer in ("ches", "ln_ches"):
        ScoreProducer.objects.create(project=project, scorer=scorer, fingerprint=scorer, label="bench")
    timed("filled pairs", lambda: seed_pairs(project.pk, n_pairs))
    with connection.cursor() as cursor:
        timed("filled judgments", lambda: cursor.execute(JUDGMENTS, {"project": project.pk}))
        timed("filled scores", lambda: cursor.execute(SCORES, {"project": project.pk}))
        cursor.execute("VACUUM ANALYZE")
    return project


def measure(project: Project) -> None:
    from curation.services.consensus_build import consensus_build
    from curation.services.dataset_freeze import dataset_freeze
    from curation.services.export_write import export_write
    from curation.services.recipe_run import recipe_run
    from curation.services.recipe_save import recipe_save

    recipe = recipe_save(project=project, name="Bench", steps=STEPS, user=None)
    for which in ("first", "second"):
        run = timed(f"funnel of {len(STEPS)} steps, {which}", lambda: recipe_run(recipe=recipe, user=None))
    print(f"  {run.pairs_in:,} pairs in, {run.pairs_kept:,} kept")
    timed("preview, first of a page", lambda: previewed(project, 0.1))
    for margin in (0.2, 0.3, 0.4):
        timed(f"preview, slider at {margin}", partial(previewed, project, margin))
    version = timed("freeze", lambda: dataset_freeze(recipe=recipe, user=None))
    # What a freeze takes longer where judgments came since the last run.
    timed("consensus built anew", lambda: consensus_build(project=project))
    began = time.perf_counter()
    timed(
        "export to Parquet",
        lambda: export_write(version=version, format="trl_parquet", split="all", user=None),
    )
    exported = time.perf_counter() - began
    began = time.perf_counter()
    timed("COPY out (baseline)", lambda: copied(PLAIN.format(version=version.pk)))
    share = (time.perf_counter() - began) / exported
    print(f"  the export writes {share:.0%} of the rows a second that COPY does")


def previewed(project: Project, margin: float) -> int:
    from curation.services.recipe_preview import recipe_preview

    steps = [step | {"margin": margin} if step["step"] == "min_margin" else step for step in STEPS]
    return recipe_preview(project=project, steps=steps, snapshot="bench").pairs_kept


def copied(statement: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return sum(len(block) for block in copy)


def timed(what: str, work: Callable[[], T]) -> T:
    began = time.perf_counter()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    print(f"  {what:<28}{time.perf_counter() - began:8.1f} s   peak {peak:6.0f} MiB", flush=True)
    return result


if __name__ == "__main__":
    main()
