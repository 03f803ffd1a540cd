"""How long a campaign's pages take at a million pairs and a million answers.

    TIEBREAK_VAR=var/bench python benchmarks/campaign_pages.py [--pairs 1000000] [--answers 1000000]

The data is written by INSERT … SELECT into the database of that folder, once; a second run times it again.
Answers are spread over four weeks, two people a pair, 30 % of the pairs apart, every fifth of those raised.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

SLUG = "bench-campaign"
PER_PROMPT = 5  # pairs of one prompt, from responses 1–2, 2–3, …
PEOPLE = 64

SEED = """
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;

INSERT INTO curation_prompt
    (project_id, messages, fingerprint, category, tags, source, split, language, licence, metadata,
     created_at)
SELECT {project}, jsonb_build_array(jsonb_build_object('role', 'user', 'content',
        'Question ' || n || ': ' || repeat(md5(n::text) || ' ', 6))),
    md5(n::text), 'category ' || n % 20, '{{}}', 'source ' || n % 7,
    CASE WHEN n % 10 = 0 THEN 'eval' ELSE 'train' END, '', '', '{{}}', now()
FROM generate_series(1, {pairs} / {per}) n;

INSERT INTO curation_response (prompt_id, author_id, text, text_hash, finish_reason, created_at)
SELECT p.id, {user}, repeat(md5(p.id::text || k) || ' ', 12), md5(p.id::text || k), 'stop', now()
FROM curation_prompt p, generate_series(0, {per}) k WHERE p.project_id = {project} ORDER BY p.id, k;

INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
SELECT prompt_id, id, after, now()
FROM (SELECT r.prompt_id, r.id, lead(r.id) OVER (PARTITION BY r.prompt_id ORDER BY r.id) AS after
      FROM curation_response r JOIN curation_prompt p ON p.id = r.prompt_id WHERE p.project_id = {project}) f
WHERE after IS NOT NULL ORDER BY id;
"""
ANSWERS = """
SET LOCAL session_replication_role = replica;
SET LOCAL synchronous_commit = off;

UPDATE annotators_campaignpair SET slots_left = 0,
    disagreement = CASE WHEN position % 10 < 3 THEN 1 ELSE 0 END,
    review = CASE WHEN position % 10 < 3 THEN 'open' ELSE '' END,
    overlap = CASE WHEN position % 50 = 0 THEN 3 ELSE 2 END
WHERE campaign_id = {campaign} AND position <= {answers} / 2;

CREATE TEMP TABLE said ON COMMIT DROP AS
SELECT row_number() OVER () AS n, nextval('curation_judgment_id_seq') AS judgment, q.id AS queued, q.pair_id,
    slot, ('{{{raters}}}'::bigint[])[1 + (q.position * 2 + slot) % {people}] AS rater,
    ('{{{users}}}'::bigint[])[1 + (q.position * 2 + slot) % {people}] AS annotator,
    now() - interval '28 days' * (1 - (q.position + slot / 3.0) / ({answers} / 2 + 1)) AS at
FROM annotators_campaignpair q, generate_series(1, 2) slot
WHERE q.campaign_id = {campaign} AND q.position <= {answers} / 2 ORDER BY q.position, slot;

INSERT INTO curation_judgment (id, pair_id, rater_id, "left", outcome, preference, attributes, rationale,
    skip_reason, duration_ms, guideline, source, created_at)
SELECT judgment, pair_id, rater, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END,
    CASE WHEN n % 8 = 0 THEN 'tie' ELSE 'preferred' END, CASE WHEN n % 8 = 0 THEN NULL ELSE 2 - n % 2 * 4 END,
    '{{}}', '', '', 8000 + n % 40000, 1, 'campaign', at FROM said;

INSERT INTO annotators_assignment (campaign_id, campaign_pair_id, pair_id, annotator_id, guideline_id,
    purpose, slot, "left", turn, state, leased_until, opened_at, answered_at, judgment_id)
SELECT {campaign}, queued, pair_id, annotator, {guideline}, 'main', slot,
    CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END, 1, 'done', at, at, at, judgment FROM said;

INSERT INTO annotators_participation (campaign_id, user_id, state, n_opened, n_left_a, n_answered, joined_at,
    paused_reason)
SELECT {campaign}, annotator, 'active', count(*), count(*) / 2, count(*), min(at), '' FROM said
GROUP BY annotator;
"""
PATHS = {
    "list": "campaigns/",
    "live page": "campaigns/{pk}/",
    "live page, polled": "campaigns/{pk}/ htmx",
    "answers": "campaigns/{pk}/answers/",
    "answers that differ": "campaigns/{pk}/answers/?differs=on",
    "rushed answers": "campaigns/{pk}/answers/?rushed=on",
    "answers of a week": "campaigns/{pk}/answers/?outcome=tie&category=category+3",
    "guidelines": "campaigns/{pk}/guidelines/",
    "edit": "campaigns/{pk}/edit/",
    "new": "campaigns/new/",
    "count: all": "campaigns/new/count/",
    "count: not by people": "campaigns/new/count/?judged=no_person",
    "count: a category": "campaigns/new/count/?category=category+3&judged=no_person",
    "count: margin": "campaigns/new/count/?margin_below=0.3",
    "count: words": "campaigns/new/count/?text=Question+77",
}


def run_sql(script: str, **numbers: object) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(script.format(**numbers))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def seed(options: argparse.Namespace) -> None:
    """Each step only where it was not done before."""
    from annotators.models import Assignment, Campaign
    from annotators.services.campaign_create import campaign_create
    from annotators.services.campaign_manage import campaign_start
    from curation.models import Pair, Project, User
    from curation.services.project_create import project_create
    from curation.services.rater_get import person_rater

    project = Project.objects.filter(slug=SLUG).first()
    if project is None:
        owner = User.objects.create_user("bench-owner", "bench@example.org", "not used")
        project = project_create(name="Bench", slug=SLUG, owner=owner)
        run_sql(SEED, project=project.pk, user=owner.pk, pairs=options.pairs, per=PER_PROMPT)
        for n in range(PEOPLE):
            user = User.objects.create_user(f"bench-{n}", f"b{n}@example.org", "not used")
            person_rater(project=project, user=user)
    campaign = Campaign.objects.filter(project=project).first()
    if campaign is None:
        began = time.perf_counter()
        campaign = campaign_create(
            project=project,
            user=User.objects.get(username="bench-owner"),
            name="Bench",
            pairs=Pair.objects.for_project(project),
            overlap=2,
            overlap_cap=3,
            order="uncertainty",
            guidelines="Be fair.",
        )
        campaign_start(campaign=campaign)
        print(f"campaign made in {time.perf_counter() - began:.1f} s: {campaign.n_pairs:,} pairs")
    if not Assignment.objects.filter(campaign=campaign).exists():
        people = project.raters.order_by("pk").values_list("pk", "user_id")
        run_sql(
            ANSWERS,
            campaign=campaign.pk,
            answers=options.answers,
            people=len(people),
            guideline=campaign.guidelines.get().pk,
            raters=",".join(str(rater) for rater, _ in people),
            users=",".join(str(user) for _, user in people),
        )


def timed(ask: Callable[[], int]) -> tuple[float, float, int]:
    """(first, best of five more) in milliseconds, and the status."""
    times = []
    for _ in range(6):
        began = time.perf_counter()
        status = ask()
        times.append((time.perf_counter() - began) * 1000)
    return times[0], min(times[1:]), status


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--slowest", type=int, default=0, help="how many queries of each page to show")
    parser.add_argument("--sql", type=int, default=120, help="how much of each")
    parser.add_argument("--only", default="", help="one page, by its name here")
    options = parser.parse_args()

    from config.services import ensure_services

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    ensure_services()
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from annotators.models import Campaign
    from curation.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    seed(options)
    client = Client()
    client.force_login(User.objects.get(username="bench-owner"))
    pk = Campaign.objects.get(project__slug=SLUG, name="Bench").pk
    for name, path in PATHS.items():
        if options.only not in {"", name}:
            continue
        url, _, htmx = f"/p/{SLUG}/{path.format(pk=pk)}".partition(" ")
        headers = {"HX-Request": "true"} if htmx else {}

        def ask(url: str = url, headers: dict[str, str] = headers) -> int:
            return client.get(url, headers=headers).status_code

        with CaptureQueriesContext(connection) as captured:
            ask()
        queries = sorted(captured.captured_queries, key=lambda query: -float(query["time"]))
        first, best, status = timed(ask)
        print(f"{name:22} {status} {first:7.0f} ms, best {best:6.0f} ms, {len(queries)} queries")
        for query in queries[: options.slowest]:
            print(f"    {float(query['time']) * 1000:6.0f} ms  {query['sql'][: options.sql]}")


if __name__ == "__main__":
    main()
