"""Ask for a quality report, build it, and take it up again when its worker was lost."""

from __future__ import annotations

from annotators.models import Campaign, QualityReport
from annotators.quality.report import build_report
from curation.models import Project, User
from curation.services.report_work import ReportWork


def quality_request(*, project: Project, campaign: Campaign | None, user: User | None) -> QualityReport:
    """Queue a report of a campaign or a whole project; the one on its way, where there is one."""
    return WORK.request(project=project, campaign=campaign, fields={"created_by": user})


def quality_build(*, report_id: int) -> None:
    """Compute the report; does nothing where another worker has it."""
    WORK.run(report_id, _compute)


def quality_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(report: QualityReport) -> None:
    found, n_judgments = build_report(
        project=report.project, campaign=report.campaign, beat=lambda: WORK.beat(report)
    )
    WORK.finish(report, report=found, n_judgments=n_judgments)


def _send(report_id: int) -> None:
    from annotators import tasks  # tasks call this module

    tasks.quality_build.delay(report_id)


WORK = ReportWork(
    QualityReport, "quality report", "Press “Recompute” to try again.", _send, ("project", "campaign")
)
