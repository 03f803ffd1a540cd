"""Ask for a bias report, build it, and take it up again when its worker was lost."""

from __future__ import annotations

from curation.models import BiasReport, DatasetVersion, User
from curation.services.report_work import ReportWork


def bias_request(*, version: DatasetVersion, user: User | None) -> BiasReport:
    """Queue a report; the one on its way, where there is one."""
    return WORK.request(version=version, fields={"created_by": user})


def bias_build(*, report_id: int) -> None:
    """Compute the report; does nothing where another worker has it."""
    WORK.run(report_id, _compute)


def bias_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(report: BiasReport) -> None:
    from curation.bias.report import build_report  # the web process needs no scipy

    WORK.finish(report, report=build_report(version=report.version, beat=lambda: WORK.beat(report)))


def _send(report_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.bias_build.delay(report_id)


WORK = ReportWork(BiasReport, "bias report", "Press “Compute” to try again.", _send, ("version__project",))
