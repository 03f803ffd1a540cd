"""Ask for scores that are computed from the database, compute them, and take lost work up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db import transaction
from django.db.models import Max

from curation.errors import CurationError
from curation.judged_scores import judged_scores
from curation.models import Judgment, Project, ScoreBuild, User
from curation.ranking_scores import consistency_of_pairs, pairs_scored, ranking_sources, read_numbers
from curation.scorers import RANKINGS, SCORERS
from curation.services.report_work import ReportWork
from curation.services.score_replace import scores_replace

Kind = ScoreBuild.Kind
PAIRS_COUNTED = ("first_pairs", "second_pairs")


def judged_scores_request(*, project: Project, user: User | None) -> ScoreBuild:
    """Queue the scores from the judgments; what is on its way, where it is."""
    return WORK.request(project=project, kind=Kind.JUDGMENTS, params={}, fields={"created_by": user})


def ranking_scores_request(
    *, project: Project, user: User | None, scorer: str, first: str, second: str
) -> ScoreBuild:
    """Queue the consistency of two sources, each named by its key; which comes first makes no difference.

    Raises CurationError for a scorer or source that is not there, or a source against itself.
    """
    keys = {source.key for source in ranking_sources(project)}
    if scorer not in RANKINGS or not {first, second} <= keys:
        raise CurationError("Choose a measure, and two of the sources that this project has.")
    if first == second:
        raise CurationError("A source always agrees with itself. Choose another second one.")
    first, second = sorted((first, second), key=_in_order)
    params = {"scorer": scorer, "first": first, "second": second}
    return WORK.request(project=project, kind=Kind.RANKINGS, params=params, fields={"created_by": user})


def _in_order(key: str) -> tuple[str, int]:
    """One order for two sources, whichever was chosen first: producer:9 before producer:10."""
    kind, _, pk = key.partition(":")
    return kind, int(pk)


def score_build(*, build_id: int) -> None:
    """Compute and store; does nothing where another worker has the build."""
    WORK.run(build_id, _compute)


def score_builds_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(build: ScoreBuild) -> None:
    # Read first: a judgment that comes meanwhile may be in the scores, but is counted as newer.
    last = Judgment.objects.aggregate(last=Max("pk"))["last"] or 0
    WORK.finish(build, counts=COMPUTE[Kind(build.kind)](build), last_judgment=last)


def _judged(build: ScoreBuild) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for found in judged_scores(build.project):
        with transaction.atomic():
            WORK.beat(build)  # holds the row: nobody takes the build over while its scores are written
            counts.update(
                scores_replace(
                    project=build.project,
                    scorer=found.scorer,
                    label="the judgments",
                    constant={"read": "judgments", "version": SCORERS[found.scorer].version},
                    state=found.details,
                    values=found.values,
                )
            )
    return dict(counts)


def _ranked(build: ScoreBuild) -> dict[str, int]:
    scorer = RANKINGS[build.params["scorer"]]
    keys = build.params["first"], build.params["second"]
    names = {source.key: source.name for source in ranking_sources(build.project)}
    read = {place: pairs_scored(key) for place, key in zip(PAIRS_COUNTED, keys, strict=True)}
    first, second = (read_numbers(build.project, key) for key in keys)
    values = consistency_of_pairs(build.project, scorer, first, second, lambda: WORK.beat(build))
    with transaction.atomic():
        WORK.beat(build)
        counts = scores_replace(
            project=build.project,
            scorer=scorer.name,
            label=" and ".join(names[key] for key in keys)[:200],
            constant={"read": "rankings", "version": scorer.version, "first": keys[0], "second": keys[1]},
            state={"first_state": first.state, "second_state": second.state},
            values=values,
        )
    counts |= {"first": len(first.response), "second": len(second.response)}
    return counts | read


COMPUTE: dict[Kind, Callable[[ScoreBuild], dict[str, int]]] = {
    Kind.JUDGMENTS: _judged,
    Kind.RANKINGS: _ranked,
}


def _send(build_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.score_build.delay(build_id)


WORK = ReportWork(
    ScoreBuild, "score build", "Start it again to try once more.", _send, ("project", "created_by")
)
