"""Embedding jobs: what the worker is given, what is stored, and the scores that PostgreSQL computes of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from curation.models import Embedder, Pair, PairScore, PromptEmbedding, Response, ResponseEmbedding
from curation.services.embedding_record import Embedding, embedder_get_or_create, embeddings_record
from curation.services.embedding_score import embedding_scores_record
from tests.conftest import People
from tests.factories import PairFactory, ProjectFactory, PromptFactory, ResponseFactory, UserFactory
from tests.trainer_bridge.test_kinds import answer, begin, inputs
from trainer_bridge.contracts import EmbedSpec
from trainer_bridge.embedders import embedder_names
from trainer_bridge.errors import JobError
from trainer_bridge.kinds import kind_named
from trainer_bridge.models import Job
from trainer_bridge.services.job_create import embedding_create

pytestmark = pytest.mark.django_db

BUILT_IN = "all-MiniLM-L6-v2"
DIMENSIONS = 8
EMBED = "/p/helpfulness/embed/"
SCORE = "/p/helpfulness/score/"


@pytest.fixture
def pair() -> Pair:
    found: Pair = PairFactory(prompt__project=ProjectFactory())
    return found


def embed_job(pair: Pair, *scorers: str, **fields: Any) -> Job:
    return embedding_create(project=pair.prompt.project, user=UserFactory(), scorers=scorers, **fields)


def vector_of(key: str, seed: int = 0) -> npt.NDArray[np.float32]:
    """A vector of length 1 that belongs to the key."""
    found = np.random.default_rng([seed, *key.encode()]).normal(size=DIMENSIONS)
    unit: npt.NDArray[np.float32] = (found / np.linalg.norm(found)).astype(np.float32)
    return unit


def embedded(job: Job, fingerprint: str = "f1", seed: int = 0) -> dict[str, int]:
    """The worker embeds everything that it was given."""
    facts = {"fingerprint": fingerprint, "dimensions": DIMENSIONS, "window": 256}
    (job.out_dir / "embedder.json").write_text(json.dumps(facts))
    rows = [
        {
            "key": row["key"],
            "is_cut": len(row["text"]) > 100,
            "vector": base64.b64encode(vector_of(row["key"], seed).astype("<f4").tobytes()).decode(),
        }
        for row in inputs(job, "texts.jsonl")
    ]
    return answer(job, "embeddings.jsonl", rows)


def done(job: Job, **worker: Any) -> dict[str, Any]:
    begin(job)
    embedded(job, **worker)
    return kind_named(job.kind).finish(job)


def test_it_works(pair: Pair) -> None:
    long = ResponseFactory(prompt=pair.prompt, text="word " * 50)
    job = embed_job(pair)
    assert (job.queue, job.title) == ("gpu", f"Embed prompts and responses with {BUILT_IN}")
    assert EmbedSpec.model_validate(job.spec).model == ""
    assert begin(job) == 4
    assert inputs(job, "texts.jsonl")[0] == {
        "key": f"prompt {pair.prompt_id}",
        "text": pair.prompt.messages[0]["content"],
    }
    assert embedded(job) == {"texts_embedded": 4, "texts_cut": 1}
    embedder = Embedder.objects.get()
    assert (embedder.name, embedder.fingerprint, embedder.window) == (BUILT_IN, "f1", 256)
    stored = PromptEmbedding.objects.get()
    assert np.array_equal(np.float32(stored.vector), vector_of(f"prompt {pair.prompt_id}"))
    assert {row.response_id: row.is_cut for row in ResponseEmbedding.objects.all()} == {
        pair.response_a_id: False,
        pair.response_b_id: False,
        long.pk: True,
    }
    embedded(job)  # read again from the start, as after a crash
    assert (PromptEmbedding.objects.count(), ResponseEmbedding.objects.count()) == (1, 3)
    assert kind_named(job.kind).finish(job) == {"embedder": embedder.pk, "producers": {}}


def test_only_what_is_missing_is_embedded_again(pair: Pair) -> None:
    done(embed_job(pair))
    assert begin(embed_job(pair)) == 0
    late = PromptFactory(project=pair.prompt.project)
    again = embed_job(pair)
    assert begin(again) == 1
    assert [row["key"] for row in inputs(again, "texts.jsonl")] == [f"prompt {late.pk}"]


def test_texts_without_a_word_and_other_projects_stay_out(pair: Pair) -> None:
    PairFactory()
    ResponseFactory(prompt=pair.prompt, text=" \n")
    PromptFactory(
        project=pair.prompt.project,
        messages=[{"role": "user", "content": [{"type": "image", "url": "x.png"}]}],
    )
    assert begin(embed_job(pair)) == 3
    assert begin(embed_job(pair, texts="prompts")) == 1


def test_another_model_of_the_name_embeds_everything_anew(pair: Pair) -> None:
    done(embed_job(pair))
    PromptFactory(project=pair.prompt.project)
    job = embed_job(pair, "semantic_distance")
    assert begin(job) == 1
    embedded(job, fingerprint="f2")
    with pytest.raises(JobError, match="Press Retry"):
        kind_named(job.kind).finish(job)
    assert not PairScore.objects.exists()
    assert begin(job) == 3  # the retry
    embedded(job, fingerprint="f2", seed=2)
    result = kind_named(job.kind).finish(job)
    assert Embedder.objects.get(pk=result["embedder"]).fingerprint == "f2"
    assert (Embedder.objects.count(), PromptEmbedding.objects.count()) == (2, 3)
    score = PairScore.objects.get()
    assert score.producer.details["model_fingerprint"] == "f2"


# ── scores ───────────────────────────────────────────────────────────────────


def test_scores_are_those_of_numpy(pair: Pair) -> None:
    PairFactory.create_batch(3, prompt=pair.prompt)
    result = done(embed_job(pair, "semantic_distance", "relevance_gap"))
    assert set(result["producers"]) == {"semantic_distance", "relevance_gap"}
    stored = {(s.pair_id, s.scorer, s.direction): s for s in PairScore.objects.select_related("producer")}
    assert len(stored) == 4 * 3
    for each in Pair.objects.all():
        x, a, b = (
            vector_of(key).astype(np.float64)
            for key in (
                f"prompt {each.prompt_id}", f"response {each.response_a_id}", f"response {each.response_b_id}"
            )
        )  # fmt: skip
        assert stored[each.pk, "semantic_distance", "both"].value == pytest.approx(1 - a @ b, abs=1e-6)
        gap = stored[each.pk, "relevance_gap", "a_over_b"]
        assert gap.value == pytest.approx(x @ a - x @ b, abs=1e-6)
        assert stored[each.pk, "relevance_gap", "b_over_a"].value == -gap.value
        assert gap.details == pytest.approx({"a": x @ a, "b": x @ b}, abs=1e-6)
    producer = gap.producer
    assert producer.label == BUILT_IN
    assert producer.details == {"model_fingerprint": "f1", "max_length": 256, "version": 1}


def test_scoring_again_adds_only_what_is_missing(pair: Pair) -> None:
    done(embed_job(pair, "relevance_gap"))
    before = list(PairScore.objects.order_by("pk").values_list("pk", "value"))
    late = PairFactory(prompt__project=pair.prompt.project)
    ResponseFactory(prompt=pair.prompt)
    done(embed_job(pair, "relevance_gap"))
    after = list(PairScore.objects.order_by("pk").values_list("pk", "value"))
    assert after[:2] == before
    assert set(PairScore.objects.exclude(pair=pair).values_list("pair", flat=True)) == {late.pk}


def test_equal_vectors_have_no_gap_and_no_sign(pair: Pair) -> None:
    project = pair.prompt.project
    embedder = embedder_get_or_create(
        project=project, name="m", fingerprint="f", dimensions=DIMENSIONS, window=16
    )
    same = vector_of("same")
    embeddings_record(embedder=embedder, of="prompt", rows=[Embedding(pair.prompt_id, False, same)])  # noqa: FBT003
    embeddings_record(
        embedder=embedder,
        of="response",
        rows=[Embedding(pk, False, same) for pk in (pair.response_a_id, pair.response_b_id)],  # noqa: FBT003
    )
    for scorer in ("relevance_gap", "semantic_distance"):
        embedding_scores_record(embedder=embedder, scorer=scorer)
    assert {str(score.value) for score in PairScore.objects.filter(scorer="relevance_gap")} == {"0.0"}
    assert PairScore.objects.get(scorer="semantic_distance").value == pytest.approx(0, abs=1e-6)


def test_a_pair_with_an_empty_response_has_no_score(pair: Pair) -> None:
    silent = PairFactory(prompt=pair.prompt, response_a=ResponseFactory(prompt=pair.prompt, text=""))
    done(embed_job(pair, "semantic_distance"))
    assert [score.pair_id for score in PairScore.objects.all()] == [pair.pk]
    assert silent.scores.count() == 0


# ── constraints ──────────────────────────────────────────────────────────────


def test_the_database_takes_one_vector_of_length_one_for_each_text(pair: Pair) -> None:
    embedder = Embedder.objects.create(
        project=pair.prompt.project, name="m", fingerprint="f", dimensions=2, window=16
    )
    PromptEmbedding.objects.create(embedder=embedder, prompt=pair.prompt, is_cut=False, vector=[0.6, 0.8])
    with pytest.raises(IntegrityError, match="prompt_embedded_once"), transaction.atomic():
        PromptEmbedding.objects.create(embedder=embedder, prompt=pair.prompt, is_cut=False, vector=[1, 0])
    for bad in ([1, 1], [0, 0]):
        with pytest.raises(IntegrityError, match="length_one"), transaction.atomic():
            ResponseEmbedding.objects.create(
                embedder=embedder, response=pair.response_a, is_cut=False, vector=bad
            )
    with pytest.raises(IntegrityError, match="can_be_indexed"), transaction.atomic():
        Embedder.objects.create(
            project=pair.prompt.project, name="m", fingerprint="g", dimensions=4096, window=16
        )


def test_a_text_that_was_deleted_meanwhile_is_passed_over(pair: Pair) -> None:
    job = embed_job(pair)
    begin(job)
    gone = ResponseFactory(prompt=pair.prompt)
    again = embed_job(pair)
    begin(again)
    Response.objects.filter(pk=gone.pk).delete()
    embedded(again)
    assert set(ResponseEmbedding.objects.values_list("response", flat=True)) == {
        pair.response_a_id,
        pair.response_b_id,
    }


# ── asking for it ────────────────────────────────────────────────────────────


def test_the_page_starts_a_job(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    client = people.client("rita")
    fields = {"embedder": BUILT_IN, "texts": "prompts", "split": "all"}
    preview = client.post(EMBED, fields | {"preview": "1"}).content.decode()
    assert f"What 1 prompts say, embedded by {BUILT_IN} on a GPU worker." in preview
    assert not Job.objects.exists()
    client.post(EMBED, fields)
    job = Job.objects.get()
    assert (job.kind, job.inputs["texts"]) == ("embed_texts", "prompts")
    assert pair.prompt.project_id == job.project_id


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, name: str, status: int) -> None:
    assert people.client(name).get(EMBED).status_code == status


def test_without_prompts_it_says_what_comes_first(people: People) -> None:
    fields = {"embedder": BUILT_IN, "texts": "all", "split": "all"}
    page = people.client("rita").post(EMBED, fields).content.decode()
    assert "There are no prompts to embed" in page
    page = people.client("rita").post(EMBED, fields | {"embedder": "/etc"}).content.decode()
    assert "Select a valid choice" in page
    assert not Job.objects.exists()


def test_scores_from_embeddings_are_asked_for_like_others(people: People) -> None:
    PairFactory(prompt__project=people.project)
    client = people.client("rita")
    page = client.get("/p/helpfulness/scores/").content.decode()
    assert "From sentence embeddings" in page
    assert "?scorer=semantic_distance" in page
    form = client.get(f"{SCORE}?scorer=semantic_distance&scorer=relevance_gap").content.decode()
    assert form.count(" checked") == 2
    fields = {
        "embeddings": ["semantic_distance", "relevance_gap"],
        "split": "all",
        "max_length": 512,
        "dtype": "float32",
    }
    preview = client.post(SCORE, fields | {"preview": "1"}).content.decode()
    assert f"Semantic distance, Relevance gap for 1 pairs by {BUILT_IN}, on a GPU worker." in preview
    client.post(SCORE, fields)
    job = Job.objects.get()
    assert job.inputs["scorers"] == ["semantic_distance", "relevance_gap"]
    done(job)
    page = client.get("/p/helpfulness/scores/").content.decode()
    assert f"By {BUILT_IN}" in page
    assert "256 tokens" in page
    PairFactory(prompt__project=people.project)
    page = client.get("/p/helpfulness/scores/").content.decode()
    assert f"?scorer=semantic_distance&amp;embedder={BUILT_IN}" in page


def test_a_model_that_left_the_directory_is_an_obstacle(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    embedder = embedder_get_or_create(
        project=people.project, name="gone", fingerprint="f", dimensions=DIMENSIONS, window=16
    )
    for scorer in ("semantic_distance", "relevance_gap"):
        embedding_scores_record(embedder=embedder, scorer=scorer)
    page = people.client("rita").get("/p/helpfulness/scores/").content.decode()
    assert "Its model is not in the model directory any more" in page
    assert pair.scores.count() == 0


def test_local_directories_are_offered(people: People, settings: Settings, tmp_path: Path) -> None:
    settings.MODELS_ROOT = tmp_path
    for name in ("chat", "mine"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text('{"model_type": "bert"}')
        for file in ("model.safetensors", "tokenizer_config.json"):
            (folder / file).touch()
    (tmp_path / "mine" / "modules.json").write_text("[]")
    assert embedder_names() == [BUILT_IN, "mine"]
    PromptFactory(project=people.project)
    job = embedding_create(project=people.project, user=people.rita, embedder="mine")
    assert job.spec["model"] == str(tmp_path / "mine")
    for bad in ("chat", "../mine", "nowhere"):
        with pytest.raises(JobError, match="no sentence-transformers model"):
            embedding_create(project=people.project, user=people.rita, embedder=bad)


def test_vectors_use_few_queries(pair: Pair, django_assert_max_num_queries: Any) -> None:
    embedder = embedder_get_or_create(
        project=pair.prompt.project, name="m", fingerprint="f", dimensions=DIMENSIONS, window=16
    )
    many = PromptFactory.create_batch(20, project=pair.prompt.project)
    rows = [Embedding(prompt.pk, False, vector_of(str(prompt.pk))) for prompt in many]  # noqa: FBT003
    with django_assert_max_num_queries(6):
        assert embeddings_record(embedder=embedder, of="prompt", rows=rows) == 20
    assert embeddings_record(embedder=embedder, of="prompt", rows=rows) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM curation_promptembedding WHERE vector_dims(vector) = 8")
        assert cursor.fetchone() == (20,)
