"""How long a server takes to record an answer and hand out the next pair, while many people label at once.

    python benchmarks/labelling.py [--pairs 1000000] [--judgments 3000000] [--people 64] [--seconds 60]

It fills an embedded PostgreSQL of its own with one campaign, starts the web server as `make up` does, logs
everybody in, and lets each person answer a pair every two seconds; then once more without a pause, for the
most answers a second that this machine gives. Server times are gunicorn's own. The baseline in the same run
is the log-in page: a request through the same server that reads no campaign. Sequential scans of large
tables are counted by PostgreSQL; there must be none. `--keep DIR` leaves the filled database for another run.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

PASSWORD = secrets.token_urlsafe(12)
SLUG = "labelling-bench"
THINK_SECONDS = 2.0
OVERLAP = 4
LARGE = 10_000
ANSWERS = ("left_much", "left", "tie", "right", "right_much")


@dataclass
class Person:
    """One logged-in browser: a kept-alive connection, its cookies, and the two turns it holds."""

    number: int
    port: int
    campaign: int
    cookies: dict[str, str] = field(default_factory=dict)
    turns: list[tuple[str, str]] = field(default_factory=list)
    answers: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def request(self, method: str, path: str, data: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {
            "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()),
            "X-CSRFToken": self.cookies.get("csrftoken", ""),
            "Content-Type": "application/x-www-form-urlencoded",
            **({"HX-Request": "true"} if "/label/" in path else {}),
        }
        body_sent = urlencode(data) if data else None
        try:
            self.connection.request(method, path, body_sent, headers)
            response = self.connection.getresponse()
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            # The server closed an idle connection; a browser asks again too.
            self.connection.close()
            self.connection.request(method, path, body_sent, headers)
            response = self.connection.getresponse()
        body = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, body

    def log_in(self) -> None:
        """As a browser does; the site takes a limited number of log-ins a minute from one address."""
        self.request("GET", "/accounts/login/")
        given = {"login": f"bench{self.number}", "password": PASSWORD}
        for _ in range(30):
            status, _body = self.request("POST", "/accounts/login/", given)
            if status != 429:
                break
            time.sleep(5)
        if status != 302:
            sys.exit(f"bench{self.number} could not log in: {status}")

    def begin(self) -> None:
        self.see(self.request("GET", f"/p/{SLUG}/label/{self.campaign}/")[1])
        self.see(self.request("GET", f"/p/{SLUG}/label/{self.campaign}/next/?have={self.turns[0][0]}")[1])

    def see(self, html: str) -> None:
        """Remember the turn that a page or fragment shows."""
        shown = re.search(r'data-assignment="(\d+)" data-turn="(\d+)"', html)
        if shown:
            self.turns.append((shown[1], shown[2]))

    def answer(self) -> None:
        """Answer the first turn held and take the one after the second: one request."""
        (assignment, turn), *rest = self.turns
        have = rest[0][0] if rest else ""
        value = ANSWERS[(self.number + self.answers) % len(ANSWERS)]
        status, body = self.request(
            "POST",
            f"/p/{SLUG}/label/assignments/{assignment}/answer/",
            {"answer": value, "turn": turn, "have": have, "visible_ms": "1900"},
        )
        self.turns = rest
        self.see(body)
        self.answers += 1
        self.refused += status != 200 or not self.turns


# ── the site ──────────────────────────────────────────────────────────────────


def prepare(options: argparse.Namespace) -> int:
    """The campaign's id; filled unless the folder already holds it."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    from annotators.models import Campaign
    from annotators.services.campaign_create import campaign_create
    from annotators.services.campaign_manage import campaign_start
    from benchmarks.labelling_seed import seed_answers, seed_pairs
    from curation.models import Membership, Pair, User
    from curation.services.project_create import project_create
    from curation.services.rater_get import person_rater

    users = [User.objects.get_or_create(username=f"bench{n}")[0] for n in range(options.people)]
    for user in users:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    existing = Campaign.objects.filter(project__slug=SLUG).first()
    if existing:
        return int(existing.pk)
    project = project_create(name="Labelling bench", slug=SLUG, owner=users[0])
    for user in users:
        Membership.objects.get_or_create(project=project, user=user, defaults={"role": "annotator"})
        person_rater(project=project, user=user)
    timed("prompts, responses, pairs", lambda: seed_pairs(project.pk, options.pairs))
    made: list[Campaign] = []
    timed(
        "campaign",
        lambda: made.append(
            campaign_create(
                project=project, user=users[0], name="Bench", pairs=Pair.objects.all(), overlap=OVERLAP,
                order=Campaign.Order.RANDOM, seed=7, limit=options.pairs, guidelines="Be fair.",
            )
        ),
    )  # fmt: skip
    campaign_start(campaign=made[0])
    timed(
        "judgments, assignments",
        lambda: seed_answers(
            project.pk, made[0].pk, n_pairs=options.pairs, n_judgments=options.judgments, overlap=OVERLAP
        ),
    )
    sql("VACUUM ANALYZE")
    return int(made[0].pk)


def timed(what: str, work: Callable[[], Any]) -> None:
    began = time.perf_counter()
    work()
    print(f"  filled {what} in {time.perf_counter() - began:.0f} s", flush=True)


def sql(statement: str, *values: Any) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def start_server(port: int, log: Path) -> subprocess.Popen[bytes]:
    """The web server of `make up`, with one line a request: method, path, status, microseconds."""
    from config.supervisor import site_children

    (web, *_) = site_children("127.0.0.1", port)
    access = ["--access-logfile", str(log), "--access-logformat", "%(m)s %(U)s %(s)s %(D)s"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([*web.command, *access], **quiet)  # type: ignore[call-overload]  # two plain options
    for _ in range(300):
        try:
            probe = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            probe.request("GET", "/accounts/login/")
            probe.getresponse().read()
            return server  # type: ignore[no-any-return]  # what Popen returned
        except OSError:
            time.sleep(0.2)
    sys.exit("the web server did not start")


# ── the load ──────────────────────────────────────────────────────────────────


def label(people: list[Person], seconds: float, pause: float) -> float:
    """Everybody answers until the time is over; answers a second."""
    end = time.perf_counter() + seconds
    before = sum(person.answers for person in people)

    def work(person: Person) -> None:
        # Spread over the first pause, as people are.
        due = time.perf_counter() + pause * person.number / len(people)
        while due < end and person.turns:
            time.sleep(max(0.0, due - time.perf_counter()))
            person.answer()
            due = max(due + pause, time.perf_counter())

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (sum(person.answers for person in people) - before) / seconds


def server_times(log: Path, method: str, part: str) -> list[float]:
    """Milliseconds of each request whose path has the part."""
    rows = [line.split() for line in log.read_text(encoding="ascii").splitlines()]
    return sorted(int(row[3]) / 1000 for row in rows if row[0] == method and part in row[1])


def row(name: str, times: list[float], baseline: float) -> str:
    if not times:
        return f"{name:<34}{'–':>8}"
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else [times[0]] * 99
    return (
        f"{name:<34}{len(times):>8}{cuts[49]:>9.1f}{cuts[94]:>9.1f}{cuts[98]:>9.1f}{times[-1]:>9.1f}"
        f"{cuts[49] / baseline:>10.1f}×"
    )


def sequential_scans() -> dict[str, int]:
    """Scans from end to end so far, of tables of more than a few thousand rows."""
    rows = sql("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > %s", LARGE)
    return {str(name): int(scans) for name, scans in rows}


def measure(options: argparse.Namespace, campaign: int, var: Path) -> None:
    from config.services import free_port

    port, log = free_port(), var / "access.log"
    log.unlink(missing_ok=True)
    server = start_server(port, log)
    try:
        people = [Person(number, port, campaign) for number in range(options.people)]
        for person in people:
            person.log_in()
            person.begin()
        for _ in range(100):
            people[0].request("GET", "/accounts/login/")
        baseline = statistics.median(server_times(log, "GET", "/accounts/login/")[-100:])
        began = log.stat().st_size
        scans = sequential_scans()
        paced = label(people, options.seconds, THINK_SECONDS)
        time.sleep(1)
        text = log.read_text(encoding="ascii")[began:]
        (var / "paced.log").write_text(text, encoding="ascii")
        print(f"\n{options.people} people, an answer every {THINK_SECONDS:.0f} s: {paced:.1f} answers/s")
        print(f"{'server time, ms':<34}{'n':>8}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}{'log-in':>11}")
        print(row("answer and next pair", server_times(var / "paced.log", "POST", "/answer/"), baseline))
        print(row("first page of the day", server_times(log, "GET", f"/label/{campaign}/"), baseline))
        print(row("log-in page (baseline)", [baseline] * 2, baseline))
        most = label(people, min(options.seconds, 30), 0.0)
        print(f"without a pause: {most:.1f} answers/s, the load generator on the same cores")
        scanned = {name: n - scans.get(name, n) for name, n in sequential_scans().items()}
        found = {name: n for name, n in scanned.items() if n}
        print(f"sequential scans of large tables meanwhile: {found or 'none'}")
        print(f"refused or empty: {sum(person.refused for person in people)}")
        check_overlap(campaign)
    finally:
        server.terminate()
        server.wait()


def check_overlap(campaign: int) -> None:
    """No pair may have more open or answered slots than it asks for, and its count must be right."""
    [(wrong,)] = sql(
        "SELECT count(*) FROM annotators_campaignpair queued JOIN LATERAL ("
        " SELECT count(*) AS held FROM annotators_assignment a WHERE a.campaign_pair_id = queued.id"
        " AND a.state IN ('open', 'done')) slots ON true"
        " WHERE queued.campaign_id = %s AND queued.slots_left <> queued.overlap - slots.held",
        campaign,
    )
    print(f"pairs whose slots do not add up: {wrong}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--judgments", type=int, default=3_000_000)
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--keep", type=Path, help="folder of the filled database, kept and used again")
    options = parser.parse_args()
    var = options.keep or Path(tempfile.mkdtemp(prefix="tiebreak-bench-"))
    os.environ["TIEBREAK_VAR"] = str(var.resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    os.environ["LOG_LEVEL"] = "ERROR"
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from config.services import ensure_services

    ensure_services()
    import django

    django.setup()
    print(f"{options.pairs:,} pairs, {options.judgments:,} judgments, {options.people} people", flush=True)
    try:
        measure(options, prepare(options), var)
    finally:
        if not options.keep:
            shutil.rmtree(var, ignore_errors=True)


if __name__ == "__main__":
    main()
