"""Compiled queries give what the same query sets would, for any values, in any thread."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from config.compiled import Compiled, CompiledUpdate, Given
from curation.models import Membership, Prompt
from tests.conftest import People
from tests.factories import PromptFactory
from tests.together import together

pytestmark = pytest.mark.django_db


def memberships() -> Compiled[Membership]:
    return Compiled(
        lambda: Membership.objects.select_related("project", "user").filter(
            project=Given("project"), role__in=["owner", "annotator"], user__username__gt=Given("after")
        )
    )


def test_it_works(people: People) -> None:
    """Filters, constants among them, related rows, and other values the next time."""
    query, project = memberships(), people.project.pk
    for after in ("", "alice", "zoe"):
        plain = Membership.objects.filter(project=project, role__in=["owner", "annotator"])
        expected = list(plain.filter(user__username__gt=after))
        with CaptureQueriesContext(connection) as queries:
            found = query.rows(project=project, after=after)
            assert [(row, row.user.username, row.project.name) for row in found] == [
                (row, row.user.username, row.project.name) for row in expected
            ]
        assert len(queries) == 1 + sum(2 for _ in expected)  # the plain rows ask again for user and project


def test_values_are_converted_as_a_query_set_does(people: People) -> None:
    prompt = PromptFactory(project=people.project, messages=[{"role": "user", "content": "Hi"}])
    query: Compiled[Prompt] = Compiled(lambda: Prompt.objects.filter(pk=Given("prompt")))
    assert query.get(prompt=prompt.pk).messages == prompt.messages
    listed: Compiled[tuple[object, ...]] = Compiled(
        lambda: Prompt.objects.filter(pk=Given("prompt")).values_list("messages", "created_at")
    )
    assert listed.rows(prompt=prompt.pk) == [(prompt.messages, prompt.created_at)]


def test_one_row_or_none(people: People) -> None:
    query = memberships()
    assert query.first(project=people.project.pk, after="zoe") is None
    with pytest.raises(Membership.DoesNotExist):
        query.get(project=people.project.pk, after="zoe")
    with pytest.raises(KeyError, match="after"):
        query.first(project=people.project.pk)


def test_a_number_too_large_for_an_id_costs_no_query(people: People) -> None:
    query: Compiled[Prompt] = Compiled(lambda: Prompt.objects.filter(pk=Given("prompt")))
    assert query.rows(prompt=2**63 - 1) == []
    with CaptureQueriesContext(connection) as queries:
        assert query.rows(prompt=2**63) == []
    assert len(queries) == 0


def test_a_value_is_never_part_of_the_statement(people: People) -> None:
    assert memberships().rows(project=people.project.pk, after="' OR ''='") != []
    assert memberships().rows(project=people.project.pk, after="zoe' OR ''='") == []


def test_updates_count_their_rows(people: People) -> None:
    prompt = PromptFactory(project=people.project, category="old")
    update = CompiledUpdate(
        lambda: Prompt.objects.filter(pk=Given("prompt"), project__slug="helpfulness"),
        category=Given("category"),
        source=F("category"),
    )
    assert update.run(prompt=prompt.pk, category="new") == 1
    assert update.run(prompt=0, category="new") == 0
    prompt.refresh_from_db()
    assert (prompt.category, prompt.source) == ("new", "old")


@pytest.mark.django_db(transaction=True)
def test_threads_use_their_own_connections(people: People) -> None:
    """Eight at once, each with a row lock in a transaction of its own."""
    owner = Membership.objects.get(project=people.project, role="owner")
    lock: Compiled[Membership] = Compiled(
        lambda: Membership.objects.select_for_update(of=("self",)).filter(pk=Given("membership"))
    )
    rename = CompiledUpdate(lambda: Membership.objects.filter(pk=Given("membership")), project=F("project"))

    def lock_and_update() -> int:
        with transaction.atomic():
            return rename.run(membership=lock.get(membership=owner.pk).pk)

    assert together([lock_and_update] * 8) == [1] * 8
