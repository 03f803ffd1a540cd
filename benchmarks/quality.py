"""How long each consensus method, and a whole quality report, take over many judgments.

    python -m benchmarks.quality [--judgments 1000000]

64 people of differing skill, one of whom always prefers the left, each pair answered by three. Everything
is written into a project of its own, which stays: judgments cannot be deleted.
"""

from __future__ import annotations

import argparse
import os
import resource
import secrets
import time

OVERLAP, PEOPLE, PER_PROMPT = 3, 64, 3
SEED = """
SELECT setseed(0.5);
INSERT INTO curation_prompt
    (project_id, messages, fingerprint, category, tags, source, split, language, licence, metadata,
    created_at)
SELECT {project}, '[{{"role": "user", "content": "Why?"}}]', md5('{slug}' || n) || md5(n::text),
    'category ' || n % 12, '{{}}', '', 'train', '', '', '{{}}', now()
FROM generate_series(1, {prompts}) n;
INSERT INTO curation_response
    (prompt_id, sampler_id, sample_index, text, text_hash, finish_reason, created_at)
SELECT prompt.id, {sampler}, place, repeat('word ', 40 + place), md5(prompt.id || '-' || place), 'stop',
    now()
FROM curation_prompt prompt, generate_series(1, {per_prompt}) place WHERE prompt.project_id = {project};
INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
SELECT a.prompt_id, a.id, b.id, now() FROM curation_response a
JOIN curation_response b ON b.prompt_id = a.prompt_id AND b.id > a.id WHERE a.sampler_id = {sampler};
INSERT INTO curation_rater (project_id, kind, label, created_at)
SELECT {project}, 'person', 'person ' || n, now() FROM generate_series(1, {people}) n;
CREATE TEMP TABLE quality AS
SELECT id, 3 * random() AS worth FROM curation_response WHERE sampler_id = {sampler};
ANALYZE quality;
WITH crew AS (SELECT array_agg(id ORDER BY id) AS ids FROM curation_rater WHERE project_id = {project}),
asked AS MATERIALIZED (
    SELECT pair.id AS pair, one.worth - other.worth AS better, floor({people} * random())::int AS first
    FROM curation_pair pair
    JOIN quality one ON one.id = pair.response_a_id JOIN quality other ON other.id = pair.response_b_id
), answers AS MATERIALIZED (
    SELECT pair, better, (first + 21 * place) % {people} + 1 AS person, random() < 0.5 AS left_a,
        random() AS luck, random() AS mood, ceil(3 * random()) AS strength
    FROM asked, generate_series(1, {overlap}) place
), sided AS (
    SELECT *, CASE WHEN person = 1 THEN true
        WHEN luck < 0.55 + 0.4 * person / {people} THEN (better > 0) = left_a
        ELSE (better > 0) <> left_a END AS says_left FROM answers
)
INSERT INTO curation_judgment
    (pair_id, rater_id, "left", outcome, preference, attributes, rationale, skip_reason, duration_ms, source,
    created_at)
SELECT pair, crew.ids[person], CASE WHEN left_a THEN 'a' ELSE 'b' END,
    CASE WHEN mood < 0.1 THEN 'tie' WHEN mood < 0.12 THEN 'both_bad' ELSE 'preferred' END,
    CASE WHEN mood < 0.12 THEN NULL WHEN says_left THEN strength ELSE -strength END, '{{}}', '', '',
    1000 + (20000 * luck)::int, 'campaign', now() - (pair % 70) * interval '1 day'
FROM sided, crew;
ANALYZE curation_judgment; ANALYZE curation_pair; ANALYZE curation_prompt; ANALYZE curation_response;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--judgments", type=int, default=1_000_000)
    options = parser.parse_args()

    from config.services import ensure_services

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    ensure_services()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    measure(options.judgments)


def measure(judgments: int) -> None:
    from annotators.models import QualityReport
    from annotators.services.gold_unanimous import gold_from_unanimous
    from annotators.services.quality_build import quality_build
    from curation.consensus_methods import consensus_methods
    from curation.models import User
    from curation.services.consensus_build import consensus_build

    project, took = seeded(judgments)
    print(f"{judgments:,} judgments seeded in {took:.1f} s")
    user = User.objects.create(username=project.slug)
    gold_from_unanimous(project=project, user=user, min_people=3, limit=1000)
    for method in consensus_methods():
        began = time.perf_counter()
        n = consensus_build(project=project, method=method.name)
        say(method.name, f"{n:,} pairs", began)
    report = QualityReport.objects.create(project=project)
    began = time.perf_counter()
    quality_build(report_id=report.pk)
    report.refresh_from_db()
    say("project report", report.state, began)


def say(what: str, result: str, began: float) -> None:
    print(f"{what:<22}{result:>16} {time.perf_counter() - began:>8.1f} s   peak {peak_mib():,.0f} MiB")


def seeded(judgments: int):  # type: ignore[no-untyped-def]  # django is not set up when this file is read
    from django.db import connection

    from curation.models import Project
    from curation.services.sampler_get import sampler_get_or_create

    slug = f"bench-{secrets.token_hex(4)}"
    project = Project.objects.create(name=slug, slug=slug)
    sampler = sampler_get_or_create(project=project, model_name=slug, backend="import", params={})
    pairs_each = PER_PROMPT * (PER_PROMPT - 1) // 2
    sql = SEED.format(
        project=project.pk, slug=slug, sampler=sampler.pk, people=PEOPLE, overlap=OVERLAP,
        per_prompt=PER_PROMPT, prompts=judgments // (OVERLAP * pairs_each),
    )  # fmt: skip
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(sql)
    return project, time.perf_counter() - began


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
