"""Put pairs, or groups of responses to rank, into a campaign's queue, in the order it asks for."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import cast

import numpy as np
from django.db import connection
from django.db.models import FloatField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from annotators.algorithms.assignment import Kind, queue_order
from annotators.errors import CampaignError
from annotators.models import Campaign, CampaignPair, GoldPair
from annotators.task_form import TaskForm
from curation.bulk import copy_in
from curation.models import Consensus, Pair

COLUMNS = [
    "campaign_id", "pair_id", "responses", "position", "control", "overlap", "slots_left", "n_rushed",
    "review",
]  # fmt: skip
UNCERTAINTY_METHOD = "mean_probability"
MISSING_PAIRS = """
INSERT INTO curation_pair (prompt_id, response_a_id, response_b_id, created_at)
SELECT a.prompt_id, a.id, b.id, now()
FROM annotators_campaignpair queued
JOIN curation_response a ON a.id = ANY (queued.responses)
JOIN curation_response b ON b.id = ANY (queued.responses) AND b.id > a.id
WHERE queued.campaign_id = %s
ON CONFLICT (response_a_id, response_b_id) DO NOTHING
"""


def queue_fill(campaign: Campaign, pairs: QuerySet[Pair], limit: int | None) -> int:
    """Queue the pairs; returns how many. Pairs that serve as gold in this campaign stay out of it."""
    if campaign.gold_share or campaign.qualification_size:
        pairs = pairs.exclude(pk__in=current_gold(campaign).values("pair"))
    return queue_write(campaign, pairs, {}, limit)


def queue_write(
    campaign: Campaign, pairs: QuerySet[Pair], groups: dict[int, list[int]], limit: int | None
) -> int:
    """Write the queue by COPY; `groups` gives a listed pair the responses to rank."""
    margins = Consensus.objects.filter(pair=OuterRef("pk"), method=UNCERTAINTY_METHOD).values("margin")
    # A pair that nobody has judged is as uncertain as can be.
    uncertainty = Value(1.0) - Coalesce(Subquery(margins, output_field=FloatField()), 0.0)
    by_uncertainty = campaign.order == Campaign.Order.UNCERTAINTY
    rows = list(
        pairs.order_by("id").values_list(
            "id", "prompt__category", uncertainty if by_uncertainty else Value(0.0)
        )
    )
    if not rows:
        raise CampaignError(
            "No pair matches, so there is nothing to annotate. Build pairs first, or choose other pairs."
        )
    ids, categories, uncertain = zip(*rows, strict=True)
    queue = queue_order(
        cast(Kind, campaign.order),
        np.array(ids),
        seed=campaign.seed or 0,
        uncertainty=np.array(uncertain),
        category=np.array(categories),
        control_share=campaign.control_share,
    )
    last = limit or len(ids)
    places = zip(ids, (queue.position + 1).tolist(), queue.control.tolist(), strict=True)
    copy_in(
        "annotators_campaignpair",
        COLUMNS,
        (
            (campaign.pk, pair, groups.get(pair), position, arm, campaign.overlap, campaign.overlap, 0, "")
            for pair, position, arm in places
            if position <= last
        ),
    )
    return min(last, len(ids))


def ranking_fill(campaign: Campaign, pairs: QuerySet[Pair], limit: int | None) -> tuple[int, int]:
    """Queue one ranking for each prompt of the pairs; returns how many, and how many prompts were left out
    because fewer than three of their responses differ."""
    size = TaskForm.model_validate(campaign.form).ranking_size
    rows = pairs.order_by("prompt_id", "id").values_list(
        "prompt_id", "response_a_id", "response_a__text_hash", "response_b_id", "response_b__text_hash"
    )
    wanted: list[tuple[int, list[int]]] = []
    left_out = 0
    for prompt, group in groupby(rows.iterator(), key=itemgetter(0)):
        by_text: dict[str, int] = {}
        for _, a, a_hash, b, b_hash in group:
            by_text.setdefault(a_hash, a)
            by_text.setdefault(b_hash, b)
        chosen = sorted(by_text.values())[:size]
        if len(chosen) < 3:
            left_out += 1
        else:
            wanted.append((prompt, chosen))
    Pair.objects.bulk_create(
        [Pair(prompt_id=prompt, response_a_id=group[0], response_b_id=group[1]) for prompt, group in wanted],
        ignore_conflicts=True,
    )
    by_first = {group[0]: group for _, group in wanted}
    listed = Pair.objects.filter(response_a__in=by_first)
    groups = {
        pair: by_first[a]
        for pair, a, b in listed.values_list("pk", "response_a_id", "response_b_id")
        if by_first[a][1] == b
    }
    queued = queue_write(campaign, Pair.objects.filter(pk__in=groups), groups, limit)
    with connection.cursor() as cursor:
        cursor.execute(MISSING_PAIRS, [campaign.pk])
    return queued, left_out


def current_gold(campaign: Campaign) -> QuerySet[GoldPair]:
    return GoldPair.objects.filter(project=campaign.project, retired_at=None)


def gold_fill(campaign: Campaign) -> int:
    """Bring the project's current gold pairs into the campaign, without a place in its queue."""
    if not campaign.gold_share and not campaign.qualification_size:
        return 0
    rows = [
        CampaignPair(campaign=campaign, pair_id=gold.pair_id, gold=gold, slots_left=0)
        for gold in current_gold(campaign)
    ]
    if not rows:
        raise CampaignError(
            "This project has no gold pairs yet, so none can be mixed in. Mark some first, or set the share "
            "of gold and the qualification round to 0."
        )
    return len(CampaignPair.objects.bulk_create(rows))
