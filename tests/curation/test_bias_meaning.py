"""What a bias report says of meaning: chosen and rejected, and each source, by their embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from curation.algorithms.separability import probe
from curation.bias.meaning import surest_evidence
from curation.models import BiasReport, Project, Prompt, Response
from tests.conftest import People
from tests.curation.test_bias import computed, page_of, preferred
from tests.embedding_data import Vector, direction, embed, embedder_of, near, random_vectors
from tests.factories import PromptFactory, ResponseFactory

pytestmark = pytest.mark.django_db


def embed_responses(project: Project, *, good: int, bad: int, fewer: int = 0) -> None:
    """Vectors near a direction for `large` and near one for `small`; the last `fewer` rows have none."""
    noise = iter(random_vectors(1000))
    rows = [
        (response, 0.5 * direction(good if response.sampler.model_name == "large" else bad) + next(noise))
        for response in Response.objects.filter(prompt__project=project).select_related("sampler")
    ]
    kept = rows[: len(rows) - 2 * fewer]
    embed(embedder_of(project), {response: vector / np.linalg.norm(vector) for response, vector in kept})


def test_meaning_tells_apart_what_lies_apart(people: People) -> None:
    same = "An answer to {n}."
    version = preferred(people.project, 60, chosen=same, rejected=same)
    assert computed(version)["separation"]["embedding"]["auc"]["reason"] == "the responses are not embedded"
    assert "not defined: the responses are not embedded" in page_of(people)
    embed_responses(people.project, good=0, bad=1, fewer=10)
    found = computed(version)["separation"]["embedding"]
    assert (found["model"], found["auc"]["n"]) == ("m", 100)
    assert 0.6 < found["auc"]["value"] <= 1
    assert found["auc"]["low"] > 0.5
    assert "By m." in page_of(people)


def test_meaning_that_is_the_same_is_chance(people: People) -> None:
    version = preferred(people.project, 60)
    embed_responses(people.project, good=0, bad=0)
    found = computed(version)["separation"]
    assert found["embedding"]["auc"]["low"] < 0.5 < found["embedding"]["auc"]["high"]
    assert found["is_flagged"]  # by its words


def test_meaning_alone_can_flag_a_version(people: People) -> None:
    same = "An answer to {n}."
    version = preferred(people.project, 40, chosen=same, rejected=same)
    responses = Response.objects.filter(prompt__project=people.project).select_related("sampler")
    is_large = [response.sampler.model_name == "large" for response in responses]
    embed(
        embedder_of(people.project),
        {
            response: near(direction(0 if large else 1), 0.9, 3 + response.pk % 8)
            for response, large in zip(responses, is_large, strict=True)
        },
    )
    found = computed(version)["separation"]
    assert found["embedding"]["auc"]["value"] == 1.0
    assert found["surface"]["auc"]["value"] == 0.5
    assert found["is_flagged"]


def test_the_surest_responses_are_shown_for_both_sides(people: People) -> None:
    """Row 7 says the chosen thing in its rejected response: the probe is wrong of it, and the page shows it
    so."""
    same = "An answer to {n}."
    version = preferred(people.project, 30, chosen=same, rejected=same)
    rows = list(version.rows.select_related("chosen", "rejected").order_by("position"))
    odd = rows[7].rejected
    vectors: dict[Prompt | Response, Vector] = {odd: direction(0)}
    for place, row in enumerate(rows):
        for number, response in enumerate((row.chosen, row.rejected)):
            vectors.setdefault(response, near(direction(number), 0.8, 4 + place % 8))
    embed(embedder_of(people.project), vectors)
    surest = computed(version)["separation"]["embedding"]["evidence"]
    up, down = surest[:5], surest[5:]
    assert [row["probability"] > 0.5 for row in surest] == [True] * 5 + [False] * 5
    assert [row["probability"] for row in up] == sorted((row["probability"] for row in up), reverse=True)
    assert [row["probability"] for row in down] == sorted(row["probability"] for row in down)
    [wrong] = [row for row in up if row["theirs"]]
    assert (wrong["response"], wrong["prompt"], wrong["ours"]) == (odd.pk, odd.prompt_id, 0)
    assert wrong["excerpt"] == odd.text
    assert {row["response"] for row in down} <= {row.rejected_id for row in rows}
    page = page_of(people)
    assert "What it is surest of: meaning" in page
    assert f"prompts/{odd.prompt_id}/#response-{odd.pk}" in page


def test_a_source_is_told_apart_by_meaning_where_enough_is_embedded(people: People) -> None:
    same = "An answer to {n}."
    version = preferred(people.project, 60, chosen=same, rejected=same)
    none = computed(version)["sources"]["rows"]
    assert {row["embedding"]["auc"]["reason"] for row in none} == {"the responses are not embedded"}
    embed_responses(people.project, good=0, bad=1, fewer=11)
    few = computed(version)["sources"]["rows"]
    assert {row["embedding"]["auc"]["reason"] for row in few} == {
        "fewer than 50 of its responses, or of the others, are embedded"
    }
    responses = Response.objects.filter(prompt__project=people.project).select_related("sampler")
    embed(
        embedder_of(people.project, "newer"),
        {
            response: near(direction(int(response.sampler.model_name == "large")), 0.9, 3 + response.pk % 8)
            for response in responses
        },
    )
    large = next(row for row in computed(version)["sources"]["rows"] if row["name"] == "large")
    assert (large["embedding"]["auc"]["value"], large["embedding"]["model"]) == (1.0, "newer")
    assert (large["surface"]["auc"]["value"], large["is_flagged"]) == (0.5, True)
    assert [row["ours"] for row in large["embedding"]["evidence"]] == [1] * 5 + [0] * 5
    page = page_of(people)
    assert "AUC, meaning" in page
    assert "What it is surest of: meaning, large" in page


def test_a_report_from_before_embeddings_is_still_shown(people: People) -> None:
    computed(preferred(people.project, 50))
    report = BiasReport.objects.get()
    del report.report["separation"]["embedding"]
    for row in report.report["sources"]["rows"]:
        del row["embedding"]
    report.save(update_fields=["report"])
    page = page_of(people)
    assert "Length alone" in page
    assert "AUC, words" in page
    assert "Its sentence embedding" not in page
    assert "AUC, meaning" not in page


def test_a_response_on_both_sides_is_listed_once(people: People) -> None:
    """Ten rows that a number tells apart; one response is in two of them, chosen in one only."""
    prompts = [PromptFactory(project=people.project) for _ in range(5)]
    made = [ResponseFactory(prompt=prompt, text=f"  {n}\n answer ") for prompt in prompts for n in "ab"]
    response = np.array([one.pk for one in made])
    response[1] = response[0]
    prompt = np.repeat([one.pk for one in prompts], 2)
    positive = np.tile([True, False], 5)
    x = np.where(positive, 1.0, -1.0)[:, None]
    x[:2] = 0.5
    listed = surest_evidence(probe(x, positive, prompt), positive, response, prompt)
    assert sorted(row["response"] for row in listed) == sorted(set(response.tolist()))
    sides = {row["response"]: (row["ours"], row["theirs"]) for row in listed}
    assert sides == {int(response[0]): (1, 1)} | {
        int(of): (int(is_ours), int(not is_ours))
        for of, is_ours in zip(response[2:], positive[2:], strict=True)
    }
    assert {row["excerpt"] for row in listed} == {"a answer", "b answer"}
