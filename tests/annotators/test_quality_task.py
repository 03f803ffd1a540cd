"""The quality report's task: built once, taken up again after a loss, and its errors in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from annotators.models import QualityReport
from annotators.services import quality_build as service
from annotators.services.quality_build import quality_build, quality_recover, quality_request
from tests.conftest import People

pytestmark = pytest.mark.django_db

PROJECT_PAGE = "/p/helpfulness/agreement/"


def test_a_report_is_built_once(people: People) -> None:
    report = quality_request(project=people.project, campaign=None, user=people.rita)
    quality_build(report_id=report.pk)
    finished = QualityReport.objects.get().finished_at
    quality_build(report_id=report.pk)
    assert QualityReport.objects.get().finished_at == finished


def test_a_lost_report_is_taken_up_again(
    people: People, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    report = quality_request(project=people.project, campaign=None, user=people.rita)
    long_ago = timezone.now() - timedelta(hours=1)
    QualityReport.objects.update(state="running", attempt=1, started_at=long_ago, heartbeat_at=long_ago)
    quality_recover()
    report.refresh_from_db()
    assert (report.state, report.attempt) == ("done", 2)


def test_a_report_with_a_heartbeat_is_left_alone(people: People) -> None:
    report = quality_request(project=people.project, campaign=None, user=people.rita)
    QualityReport.objects.update(state="running", attempt=1, heartbeat_at=timezone.now())
    quality_recover()
    quality_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempt) == ("running", 1)


def test_a_report_that_kills_its_workers_is_given_up_in_words(people: People) -> None:
    quality_request(project=people.project, campaign=None, user=people.rita)
    long_ago = timezone.now() - timedelta(hours=1)
    QualityReport.objects.update(state="running", attempt=3, heartbeat_at=long_ago)
    quality_recover()
    page = people.client("rita").get(PROJECT_PAGE).content.decode()
    assert "The worker was lost 3 times" in page
    assert quality_request(project=people.project, campaign=None, user=people.rita).state == "queued"


def test_a_worker_that_was_taken_over_stops(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    report = quality_request(project=people.project, campaign=None, user=people.rita)

    def overtaken(**kwargs: Any) -> Any:
        QualityReport.objects.update(attempt=2)
        kwargs["beat"]()

    monkeypatch.setattr(service, "build_report", overtaken)
    quality_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.report, report.finished_at) == ("running", {}, None)


def test_an_error_is_told_in_words(
    people: People, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    report = quality_request(project=people.project, campaign=None, user=people.rita)

    def broken(**kwargs: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "build_report", broken)
    quality_build(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == "failed"
    assert (
        "An unexpected error stopped the report" in people.client("rita").get(PROJECT_PAGE).content.decode()
    )
    assert "ZeroDivisionError" in caplog.text
