"""Where the scores that are computed from the database stand: on their way, failed, and how fresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q

from curation.models import Judgment, Project, RaterExclusion, ScoreBuild, ScoreProducer

State, Kind = ScoreBuild.State, ScoreBuild.Kind
COMPARED = ("first", "second")


@dataclass(frozen=True)
class Freshness:
    """When scores were computed, and in words what has changed since; empty where nothing has."""

    as_of: datetime
    since: str


@dataclass(frozen=True)
class Builds:
    """`waiting` are on their way; `failed` are the newest of each thing asked for, where they failed."""

    waiting: list[ScoreBuild]
    failed: list[ScoreBuild]
    judged: ScoreBuild | None
    judged_since: str
    ranked: Mapping[tuple[str, str, str], Freshness]

    @property
    def is_waiting(self) -> bool:
        return bool(self.waiting)

    def freshness(self, producer: ScoreProducer) -> Freshness | None:
        """None for scores that are not computed from the database."""
        details = producer.details
        if details.get("read") == "judgments" and self.judged is not None:
            return _fresh(self.judged, self.judged_since)
        return self.ranked.get((producer.scorer, str(details.get("first")), str(details.get("second"))))


def read_builds(project: Project, pairs_scored: Mapping[int, int]) -> Builds:
    """`pairs_scored` says how many pairs each producer has scored by now."""
    builds = ScoreBuild.objects.filter(project=project)
    newest = list(builds.order_by("kind", "params", "-id").distinct("kind", "params"))
    done = builds.filter(state=State.DONE).order_by("kind", "params", "-id").distinct("kind", "params")
    judged: ScoreBuild | None = None
    rankings = []
    for build in done:
        if build.kind == Kind.JUDGMENTS:
            judged = build
        else:
            rankings.append(build)
    return Builds(
        waiting=[build for build in newest if not build.is_finished],
        failed=[build for build in newest if build.state == State.FAILED],
        judged=judged,
        judged_since=_since_judged(project, judged) if judged else "",
        ranked=_ranked(project, rankings, pairs_scored),
    )


def is_waiting(project: Project) -> bool:
    return ScoreBuild.objects.filter(project=project, state__in=[State.QUEUED, State.RUNNING]).exists()


def _since_judged(project: Project, build: ScoreBuild) -> str:
    newer = Judgment.objects.for_project(project).filter(pk__gt=build.last_judgment)
    pairs = newer.order_by().values("pair").distinct().count()
    changed = RaterExclusion.objects.filter(
        Q(created_at__gt=build.started_at) | Q(lifted_at__gt=build.started_at), rater__project=project
    )
    parts = [f"{pairs:,} pair{'s have' if pairs != 1 else ' has'} newer judgments"] if pairs else []
    if changed.exists():
        parts.append("raters were excluded or taken back in")
    return " and ".join(parts)


def _ranked(
    project: Project, builds: list[ScoreBuild], pairs_scored: Mapping[int, int]
) -> dict[tuple[str, str, str], Freshness]:
    """How fresh each comparison is: its producers may have more scores by now, its judges have judged."""
    judges = Judgment.objects.filter(rater__project=project, rater__kind="judge").order_by()
    floor = min((build.last_judgment for build in builds), default=0)
    newest = dict(judges.filter(pk__gt=floor).values_list("rater").annotate(Max("pk"))) if builds else {}
    found = {}
    for build in builds:
        moved = []
        for place in COMPARED:
            kind, _, pk = build.params[place].partition(":")
            if kind == "rater" and newest.get(int(pk), 0) > build.last_judgment:
                moved.append("a judge has judged more")
            elif kind == "producer" and pairs_scored.get(int(pk), 0) != build.counts[f"{place}_pairs"]:
                moved.append("more pairs have been scored")
        key = (build.params["scorer"], build.params["first"], build.params["second"])
        found[key] = _fresh(build, " and ".join(dict.fromkeys(moved)))
    return found


def _fresh(build: ScoreBuild, since: str) -> Freshness:
    return Freshness(build.started_at or build.created_at, since)
