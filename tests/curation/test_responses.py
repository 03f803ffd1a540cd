"""responses_ingest and sampler_get_or_create: natural keys, hostile text, honest counts."""

from __future__ import annotations

from typing import Any

import pytest

from curation.models import Response, Sampler
from curation.services.response_ingest import BATCH_ROWS, IngestCounts, responses_ingest
from curation.services.sampler_get import sampler_get_or_create
from tests.factories import ProjectFactory, PromptFactory, SamplerFactory

pytestmark = pytest.mark.django_db


def draw(prompt_id: object, sample_index: int = 0, **fields: Any) -> dict[str, Any]:
    row = {"prompt_id": str(prompt_id), "sample_index": sample_index, "text": f"Answer {sample_index}"}
    return {**row, "finish_reason": "stop", "n_tokens": 3, "seed": None, **fields}


def test_it_works() -> None:
    prompt = PromptFactory()
    sampler = SamplerFactory(project=prompt.project)
    rows = [draw(prompt.pk, 0, seed=7), draw(prompt.pk, 1, finish_reason=None, n_tokens=None)]
    assert responses_ingest(sampler=sampler, rows=rows) == IngestCounts(created=2, existing=0, unknown=0)
    first, second = Response.objects.all()
    assert (first.text, first.finish_reason, first.n_tokens, first.seed) == ("Answer 0", "stop", 3, 7)
    assert (second.finish_reason, second.n_tokens) == ("", None)
    assert first.text_hash != second.text_hash


def test_running_twice_adds_nothing_and_keeps_the_first_text() -> None:
    prompt = PromptFactory()
    sampler = SamplerFactory(project=prompt.project)
    responses_ingest(sampler=sampler, rows=[draw(prompt.pk)])
    counts = responses_ingest(sampler=sampler, rows=[draw(prompt.pk, text="Changed"), draw(prompt.pk, 1)])
    assert counts == IngestCounts(created=1, existing=1, unknown=0)
    assert Response.objects.get(sample_index=0).text == "Answer 0"


def test_the_same_draw_twice_in_one_batch_lands_once() -> None:
    prompt = PromptFactory()
    sampler = SamplerFactory(project=prompt.project)
    counts = responses_ingest(sampler=sampler, rows=[draw(prompt.pk), draw(prompt.pk)])
    assert counts == IngestCounts(created=1, existing=1, unknown=0)


def test_prompts_of_others_and_nonsense_ids_are_counted_unknown() -> None:
    prompt = PromptFactory()
    sampler = SamplerFactory(project=prompt.project)
    rows = [draw(value) for value in (PromptFactory().pk, "x", "", "-1", "1" * 40, "²")]
    assert responses_ingest(sampler=sampler, rows=rows) == IngestCounts(created=0, existing=0, unknown=6)


def test_hostile_text_is_stored_without_what_postgresql_refuses() -> None:
    prompt = PromptFactory()
    sampler = SamplerFactory(project=prompt.project)
    responses_ingest(sampler=sampler, rows=[draw(prompt.pk, text="a\x00b \ud800 \ud83d\ude00")])
    assert Response.objects.get().text == "ab � 😀"


def test_more_than_one_batch() -> None:
    prompt = PromptFactory()
    sampler = SamplerFactory(project=prompt.project)
    counts = responses_ingest(
        sampler=sampler, rows=(draw(prompt.pk, index) for index in range(BATCH_ROWS + 1))
    )
    assert counts.created == BATCH_ROWS + 1


def test_the_same_settings_are_the_same_sampler() -> None:
    project = ProjectFactory()
    settings: dict[str, Any] = {"project": project, "model_name": "tiny", "backend": "transformers"}
    first = sampler_get_or_create(**settings, params={"n": 4, "top_p": 0.9})
    again = sampler_get_or_create(**settings, params={"top_p": 0.9, "n": 4})
    hotter = sampler_get_or_create(**settings, params={"n": 4, "top_p": 1.0})
    assert first == again != hotter
    assert Sampler.objects.count() == 2
