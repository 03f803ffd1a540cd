"""A large campaign, written straight into PostgreSQL: what a year of labelling leaves behind."""

from __future__ import annotations

from typing import Any

from django.db import connection

# Responses of 1 to 2 KB of ordinary Markdown, all different; 7 of them make 21 pairs a prompt.
RESPONSES = 7
PAIRS = RESPONSES * (RESPONSES - 1) // 2

PROMPTS = """
INSERT INTO curation_prompt (project_id, messages, fingerprint, category, source, split, language, licence,
                             tags, metadata, created_at)
SELECT %(project)s, jsonb_build_array(jsonb_build_object('role', 'user', 'content',
           'Question ' || p || ': what should somebody do who wants to know about it?')),
       md5('labelling-bench:' || p), 'c' || p %% 8, 'bench', 'train', '', '', '{}', '{}', now()
FROM generate_series(1, %(prompts)s) p
"""
SAMPLER = """
INSERT INTO curation_sampler
    (project_id, model_name, revision, backend, params, template_hash, fingerprint, created_at)
VALUES (%(project)s, 'bench', '', 'import', '{}', '', 'labelling-bench', now())
"""
DRAWS = """
INSERT INTO curation_response
    (prompt_id, sampler_id, sample_index, text, text_hash, finish_reason, created_at)
SELECT prompt.id, sampler.id, n,
       'Here is answer ' || n || ' to question ' || p || E'.\\n\\n'
           || repeat(E'- **Point** about the thing asked, with `code` and a [link](https://example.org).\\n',
                     5 + (p + n)::int %% 12)
           || E'\\n1. First\\n2. Then\\n',
       md5(p || ':' || n), 'stop', now()
FROM (SELECT id, row_number() OVER (ORDER BY id) AS p
      FROM curation_prompt WHERE project_id = %(project)s) prompt,
     generate_series(1, %(responses)s) n,
     (SELECT id FROM curation_sampler WHERE project_id = %(project)s LIMIT 1) sampler
"""
PAIR_UP = """
INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
SELECT a.prompt_id, a.id, b.id, now()
FROM curation_response a
JOIN curation_response b ON b.prompt_id = a.prompt_id AND b.id > a.id
JOIN curation_prompt prompt ON prompt.id = a.prompt_id AND prompt.project_id = %(project)s
"""
# Pair number k was answered by the people k, k + 1, … (mod their number), in the order of the queue.
TURNS = """
CREATE TEMP TABLE bench_turn AS
SELECT queued.id AS campaign_pair_id, queued.pair_id, slot, people.user_id, people.rater_id,
       CASE WHEN (queued.position + slot) %% 2 = 0 THEN 'a' ELSE 'b' END AS side,
       (ARRAY[3, 2, -2, -3])[1 + (queued.position * 7 + slot * 3) %% 4] AS preference,
       now() - interval '30 days' + queued.position * interval '1 second' AS moment
FROM annotators_campaignpair queued
CROSS JOIN generate_series(1, %(answered)s) slot
JOIN bench_people people ON people.number = (queued.position + slot) %% %(people)s
WHERE queued.campaign_id = %(campaign)s AND queued.position <= %(full_pairs)s
"""
JUDGMENTS = """
INSERT INTO curation_judgment
    (id, pair_id, rater_id, "left", outcome, preference, attributes, rationale, skip_reason, duration_ms,
     source, created_at)
SELECT nextval(pg_get_serial_sequence('curation_judgment', 'id')), pair_id, rater_id, side, 'preferred',
       preference, '{}', '', '', 4000 + (pair_id * 37 + slot) %% 9000, 'campaign', moment
FROM bench_turn ORDER BY pair_id, rater_id
"""
ASSIGNMENTS = """
INSERT INTO annotators_assignment
    (campaign_id, campaign_pair_id, pair_id, annotator_id, purpose, slot, "left", turn, state, leased_until,
     opened_at, answered_at, judgment_id)
SELECT %(campaign)s, turn.campaign_pair_id, turn.pair_id, turn.user_id, 'main', turn.slot, turn.side, 1,
       'done', turn.moment, turn.moment, turn.moment, judgment.id
FROM bench_turn turn
JOIN curation_judgment judgment ON judgment.pair_id = turn.pair_id AND judgment.rater_id = turn.rater_id
"""
SLOTS = """
UPDATE annotators_campaignpair SET slots_left = overlap - %(answered)s
WHERE campaign_id = %(campaign)s AND position <= %(full_pairs)s
"""
PARTICIPATIONS = """
INSERT INTO annotators_participation
    (campaign_id, user_id, state, n_opened, n_left_a, n_answered, joined_at, paused_from,
     paused_reason)
SELECT %(campaign)s, people.user_id, 'active', count(turn), count(turn) FILTER (WHERE side = 'a'),
       count(turn), now() - interval '30 days', '', ''
FROM bench_people people LEFT JOIN bench_turn turn ON turn.user_id = people.user_id
GROUP BY people.user_id
"""
PEOPLE = """
CREATE TEMP TABLE bench_people AS
SELECT row_number() OVER (ORDER BY rater.id) - 1 AS number, rater.user_id, rater.id AS rater_id
FROM curation_rater rater WHERE rater.project_id = %(project)s AND rater.kind = 'person'
"""


def run(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def seed_pairs(project: int, n_pairs: int) -> None:
    """Prompts, responses and at least `n_pairs` pairs."""
    prompts = -(-n_pairs // PAIRS)
    run(PROMPTS, project=project, prompts=prompts)
    run(SAMPLER, project=project)
    run(DRAWS, project=project, responses=RESPONSES)
    run(PAIR_UP, project=project)


def seed_answers(project: int, campaign: int, *, n_pairs: int, n_judgments: int, overlap: int) -> int:
    """Answers of everybody to the queue's pairs, one slot of each left free; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM curation_rater WHERE project_id = %s AND kind = 'person'", [project]
        )
        (people,) = cursor.fetchone()
    answered = overlap - 1
    values = {
        "project": project,
        "campaign": campaign,
        "people": people,
        "answered": answered,
        "full_pairs": min(n_pairs, n_judgments // answered),
    }
    run(PEOPLE, **values)
    n_turns = run(TURNS, **values)
    run("ANALYZE bench_turn")
    # Foreign keys are true by construction; checking three million of them again takes minutes.
    run("SET session_replication_role = replica")
    run(JUDGMENTS, **values)
    run("ANALYZE curation_judgment")
    run(ASSIGNMENTS, **values)
    run(SLOTS, **values)
    run(PARTICIPATIONS, **values)
    run("SET session_replication_role = DEFAULT")
    return n_turns
