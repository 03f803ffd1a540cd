"""Every URL of a project, walked as an outsider, a visitor and an annotator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.conftest import People

# What an annotator may open: their own work and nothing else.
ANNOTATOR_MAY = {
    "work", "work-history", "work-me", "label", "answer", "answer-edit", "undo", "label-next",
    "label-keep", "label-diff", "label-settings",
    "label-switch", "project-detail",
}  # fmt: skip


def project_urls() -> list[tuple[str, str]]:
    """(name, path) of every URL under a project, its other parameters filled with 1."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
        for entry in patterns:
            route = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns, route)
            elif "<slug:slug>" in route:
                yield entry.name or route, fill(route)

    return sorted(walk(get_resolver().url_patterns, "/"))


def fill(route: str) -> str:
    path = route.replace("<slug:slug>", "helpfulness")
    while "<" in path:
        start, end = path.index("<"), path.index(">")
        path = f"{path[:start]}1{path[end + 1 :]}"
    return path


URLS = project_urls()


def test_there_are_urls() -> None:
    assert len(URLS) > 40


@pytest.mark.parametrize(("name", "path"), URLS, ids=[name for name, _ in URLS])
def test_outsiders_learn_nothing(people: People, name: str, path: str) -> None:
    for method in ("get", "post"):
        response = getattr(people.client("charlie"), method)(path)
        assert response.status_code in {404, 405}, method
        assert people.project.name not in response.content.decode()


@pytest.mark.parametrize(("name", "path"), URLS, ids=[name for name, _ in URLS])
def test_visitors_are_asked_to_log_in(people: People, name: str, path: str) -> None:
    for method in ("get", "post"):
        response = getattr(people.client("anonymous"), method)(path)
        assert response.status_code in {302, 405}, method
        if response.status_code == 302:
            assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("name", "path"), URLS, ids=[name for name, _ in URLS])
def test_annotators_see_their_work_only(people: People, name: str, path: str) -> None:
    if name in ANNOTATOR_MAY:
        return
    for method in ("get", "post"):
        assert getattr(people.client("anna"), method)(path).status_code in {404, 405}, method
