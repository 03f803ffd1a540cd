"""Near duplicates by meaning: the search, exact and by the index, its recall, its page, and keeping one."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from curation import cleaning_neighbours, neighbour_index
from curation.algorithms.near_duplicates import clustered
from curation.algorithms.neighbours import exact_links
from curation.bulk import vector_type
from curation.cleaning_neighbours import uses_index
from curation.cleaning_pages import Recall
from curation.models import CleaningReport, Embedder, Project, Prompt
from curation.neighbour_index import Checked, NeighbourIndex, index_links, memory_for
from curation.services.cleaning_build import cleaning_build, cleaning_request
from curation.services.prompt_exclude import prompt_exclude
from tests.conftest import People
from tests.embedding_data import direction, embed, embedder_of, near, random_vectors
from tests.factories import ProjectFactory, PromptFactory
from tests.site import wait_for

pytestmark = pytest.mark.django_db

URL = "/p/helpfulness/cleaning/neighbours/"


def no_beat() -> None:
    return


def alike(project: Project) -> tuple[Embedder, list[Prompt]]:
    """Three that mean the same, two that differ in case, one alone, one without an embedding."""
    texts = [
        "Capital of France?",
        "France's capital?",
        "Which city rules France?",
        "Sort it",
        "sort  it",
        "Alone",
    ]
    prompts = [said(project, text) for text in texts]
    a, b = direction(0), direction(1)
    vectors = [a, near(a, 0.95, 2), near(a, 0.96, 3), b, b, direction(4)]
    embedder = embedder_of(project)
    embed(embedder, dict(zip(prompts, vectors, strict=True)))
    return embedder, [*prompts, said(project, "Not embedded")]


def said(project: Project, text: str) -> Prompt:
    return PromptFactory(project=project, messages=[{"role": "user", "content": text}])


def searched(project: Project, embedder: Embedder, **params: Any) -> CleaningReport:
    given = {"embedder": embedder.pk, "name": embedder.name, "threshold": 0.9, "search": "auto"} | params
    report = cleaning_request(project=project, kind="neighbours", params=given, user=None)
    cleaning_build(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == "done", report.error
    return report


def clusters(report: CleaningReport) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for cluster, prompt in report.members.values_list("cluster", "prompt"):
        found.setdefault(cluster, []).append(prompt)
    return found


def test_it_works(people: People, django_capture_on_commit_callbacks: Any) -> None:
    client = people.client("rita")
    assert "No prompt is embedded yet" in client.get(URL).content.decode()
    embedder, prompts = alike(people.project)
    assert "Nothing searched yet" in client.get(URL).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{URL}find/", {"embedder": embedder.pk, "threshold": "0.9", "search": "auto"})
    report = CleaningReport.objects.get()
    assert (report.state, report.created_by) == ("done", people.rita)
    assert report.counts == {
        "compared": 6, "lacking": 1, "excluded": 0, "clusters": 2, "members": 5, "exact": 2, "to_exclude": 3,
    }  # fmt: skip
    assert clusters(report) == {1: [p.pk for p in prompts[:3]], 2: [p.pk for p in prompts[3:5]]}
    page = client.get(URL).content.decode()
    assert "Cluster 2" in page
    assert "0.96" in page
    assert "all with all" in page
    assert "Embed<span" in page
    client.post(f"/p/helpfulness/cleaning/{report.pk}/keep-one/", {"rule": "oldest"})
    assert set(Prompt.objects.excluded()) == {prompts[1], prompts[2], prompts[4]}
    assert "3 prompts are excluded" in client.get(URL).content.decode()
    answer = client.post(f"/p/helpfulness/cleaning/{report.pk}/restore/")
    assert answer.headers["Location"] == URL
    assert not Prompt.objects.excluded().exists()


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, name: str, status: int) -> None:
    client = people.client(name)
    assert client.get(URL).status_code == status
    assert client.post(f"{URL}find/").status_code == status


def test_an_embedder_of_another_project_is_refused(people: People) -> None:
    foreign, _ = alike(ProjectFactory())
    embedder_of(people.project)
    fields = {"embedder": foreign.pk, "threshold": "0.2", "search": "auto"}
    page = people.client("rita").post(f"{URL}find/", fields).content.decode()
    assert "Select a valid choice" in page
    assert "greater than or equal to 0.5" in page
    assert not CleaningReport.objects.exists()


def test_the_index_finds_what_exact_search_finds_and_says_so(people: People) -> None:
    embedder, prompts = alike(people.project)
    report = searched(people.project, embedder, search="index")
    assert clusters(report) == {1: [p.pk for p in prompts[:3]], 2: [p.pk for p in prompts[3:5]]}
    # Five texts are distinct but for case; the three of the first cluster see each other.
    assert {name: report.counts[name] for name in ("sampled", "neighbours", "neighbours_found")} == {
        "sampled": 5,
        "neighbours": 20,
        "neighbours_found": 20,
    }
    assert report.counts["links"] == report.counts["links_found"] == 6
    page = people.client("rita").get(URL).content.decode()
    assert "Recall of the index" in page
    assert "missed more than one in twenty" not in page
    CleaningReport.objects.update(counts=report.counts | {"links_found": 5})
    assert "missed more than one in twenty" in people.client("rita").get(URL).content.decode()


def test_excluded_prompts_are_not_compared(people: People) -> None:
    embedder, prompts = alike(people.project)
    prompt_exclude(prompt=prompts[0], user=people.rita, reason="Spam")
    report = searched(people.project, embedder)
    assert (report.counts["compared"], report.counts["excluded"], report.counts["lacking"]) == (5, 1, 1)
    assert prompts[0].pk not in {pk for cluster in clusters(report).values() for pk in cluster}


def test_a_report_of_words_and_one_of_meaning_stand_beside_each_other(people: People) -> None:
    embedder, _ = alike(people.project)
    searched(people.project, embedder)
    words = cleaning_request(
        project=people.project, kind="duplicates", params={"n": 3, "threshold": 0.7}, user=None
    )
    cleaning_build(report_id=words.pk)
    client = people.client("rita")
    assert "<dd>2, " not in client.get(URL).content.decode()
    assert "Runs of words" in client.get("/p/helpfulness/cleaning/").content.decode()


def test_the_page_asks_the_same_for_one_cluster_and_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    embedder = embedder_of(people.project, dimensions=32)
    for number in range(25):
        pair = [said(people.project, f"{number} {way}") for way in ("one", "other")]
        embed(embedder, dict.fromkeys(pair, direction(number, 32)))
    assert searched(people.project, embedder).counts["clusters"] == 25
    client = people.client("rita")
    for number, n_shown in ((1, 20), (2, 5)):
        with django_assert_max_num_queries(12):
            page = client.get(URL, {"page": number}).content.decode()
        assert page.count('id="cluster-') == n_shown


# ── the index ────────────────────────────────────────────────────────────────


def test_recall_among_many_is_high_and_measured(db: None) -> None:
    vectors = random_vectors(3000, 32, seed=5)
    exact = exact_links(vectors, 0.6, no_beat)
    found, checked = index_links(vectors, 0.6, no_beat)
    assert checked.sampled == neighbour_index.SAMPLE
    assert checked.neighbours == 10 * checked.sampled
    assert 0.95 * checked.neighbours < checked.neighbours_found <= checked.neighbours
    assert 0 < 0.95 * checked.links < checked.links_found <= checked.links
    here = {tuple(sorted(link)) for link in zip(found.one.tolist(), found.other.tolist(), strict=True)}
    there = set(zip(exact.one.tolist(), exact.other.tolist(), strict=True))
    assert len(there & here) > 0.95 * len(there)
    at = np.flatnonzero(found.strongest)
    assert found.strongest[at] == pytest.approx(exact.strongest[at], abs=1e-5)


def test_what_the_index_misses_is_told(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that keeps one candidate and goes no further finds little."""
    monkeypatch.setattr(neighbour_index, "EF_CONSTRUCTION", 4)
    monkeypatch.setattr(neighbour_index, "M", 2)
    vectors = random_vectors(3000, 32, seed=5)
    with NeighbourIndex(vectors, no_beat) as index:
        index.build(64)
        index._set("hnsw.ef_search", "1")
        index._set("hnsw.iterative_scan", "off")
        one, _, _ = index.links(0.6)
        checked = index.check(one, 0.6)
    assert checked.neighbours_found < 0.5 * checked.neighbours
    assert checked.links_found < 0.9 * checked.links
    assert Recall(checked.sampled, checked.neighbours_found / checked.neighbours, None).is_low


def test_two_texts_can_be_indexed_and_nothing_is_left(db: None) -> None:
    vectors = np.array([direction(0), near(direction(0), 0.95)])
    links, checked = index_links(vectors, 0.9, no_beat)
    assert (links.one.tolist(), links.other.tolist()) in (([0, 1], [1, 0]), ([0], [1]))
    assert checked == Checked(sampled=2, neighbours=2, neighbours_found=2, links=2, links_found=2)
    # The server drops the table once it notices that the connection is gone.
    wait_for(lambda: n_tables() == 0, 20)


def n_tables() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'neighbour'")
        (n,) = cursor.fetchone()
    return int(n)


def test_many_that_are_the_same_are_one_cluster(db: None) -> None:
    vectors = np.concatenate([np.tile(direction(0), (300, 1)), random_vectors(20)])
    links, checked = index_links(vectors, 0.99, no_beat)
    assert np.flatnonzero(links.strongest).tolist() == list(range(300))
    assert checked.neighbours_found == checked.neighbours
    # Each is linked to at most 99 of the others, so that they may fall apart into a few clusters.
    found = clustered(
        links.one, links.other, links.strongest, exact=np.zeros(0, dtype=np.int64), n_compared=320
    )
    assert len(set(found.cluster.tolist())) <= 4


def test_the_index_is_asked_and_not_the_table(db: None) -> None:
    with NeighbourIndex(random_vectors(300), no_beat) as index:
        index.build(64)
        plan = index._execute("EXPLAIN " + neighbour_index.ASK, {"limit": 11, "places": [1], "least": 0.5})
    assert "neighbour_hnsw" in str(plan)


def test_a_lost_report_stops_the_search(db: None) -> None:
    def lost() -> None:
        raise RuntimeError("taken over")

    with pytest.raises(RuntimeError, match="taken over"):
        index_links(random_vectors(50), 0.9, lost)


def test_a_failure_in_the_index_closes_its_connection(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = random_vectors(50)
    monkeypatch.setattr(neighbour_index, "M", 1)  # pgvector wants 2
    with pytest.raises(psycopg.Error, match="out of bounds"), NeighbourIndex(vectors, no_beat) as index:
        index.build(64)
    assert index._connection.closed
    monkeypatch.setattr(neighbour_index, "vector_type", lambda _: vector_type(7))
    index = NeighbourIndex(vectors, no_beat)
    with pytest.raises((psycopg.Error, ValueError)):
        index.__enter__()
    assert index._connection.closed


def test_beats_go_on_while_the_index_is_built(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbour_index, "BEAT_SECONDS", 0.01)
    beats: list[int] = []
    with NeighbourIndex(random_vectors(4000, 64), lambda: beats.append(1)) as index:
        index.build(64)
        assert beats


def test_memory_grows_with_the_graph_to_a_limit() -> None:
    assert memory_for(50_000, 384) - memory_for(0, 384) == 50_000 * (4 * 384 + 1400) // 2**20
    assert memory_for(10**8, 384) == neighbour_index.MOST_MB


@pytest.mark.parametrize(
    ("search", "n", "index"),
    [("auto", 10, False), ("auto", 300_000, True), ("exact", 10**6, False), ("index", 2, True)],
)
def test_which_search_it_is(search: str, n: int, index: bool) -> None:
    assert uses_index(search, n) is index
    assert cleaning_neighbours.EXACT_UP_TO == 200_000
