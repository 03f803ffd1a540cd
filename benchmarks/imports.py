"""How fast preference data comes in, against PostgreSQL's own COPY of the same rows.

    python -m benchmarks.imports [--pairs 100000]

A file of TRL's explicit format is imported as a worker does it: every row parsed, checked, fingerprinted and
stored once, as prompt, two responses, pair and judgment. The baseline copies the rows that this made into
tables with the same columns, checks, indexes and foreign keys; also told is how long COPY takes without the
foreign keys, which are about half of its work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random

TABLES = ("curation_prompt", "curation_response", "curation_pair", "curation_judgment")
KEYS = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'"
WORDS = ("the", "of", "one", "model", "says", "that", "may", "have", "been", "ship", "wind", "light", "new")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    var = Path(tempfile.mkdtemp(prefix="tiebreak-bench-"))
    os.environ["TIEBREAK_VAR"] = str(var)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    os.environ["LOG_LEVEL"] = "ERROR"
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from config.services import ensure_services

    ensure_services()
    import django
    from django.conf import settings

    settings.DEBUG = False  # or every statement would be kept
    django.setup()
    try:
        measure(options.pairs, var)
    finally:
        shutil.rmtree(var, ignore_errors=True)


def measure(n_pairs: int, folder: Path) -> None:
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    file = folder / "pairs.jsonl"
    write(file, n_pairs)
    began = time.perf_counter()
    imported(file)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    (rows, copying), (_, bare) = copied(folder, with_keys=True), copied(folder, with_keys=False)
    print(f"{n_pairs:,} pairs, {file.stat().st_size / 2**20:.0f} MiB, {rows:,} rows of {len(TABLES)} tables")
    print(
        f"  import                     {took:6.1f} s   {n_pairs / took:8,.0f} pairs/s   peak {peak:.0f} MiB"
    )
    for what, seconds in (("COPY in", copying), ("COPY without foreign keys", bare)):
        share = f"the import lands {seconds / took:.0%} of that"
        print(f"  {what:<26} {seconds:6.1f} s   {n_pairs / seconds:8,.0f} pairs/s   {share}")


def write(file: Path, n_pairs: int) -> None:
    random = Random(0)

    def text(words: int) -> str:
        return " ".join(random.choices(WORDS, k=words))

    with file.open("w") as out:
        for number in range(n_pairs):
            row = {"prompt": f"Question {number}: {text(20)}?", "chosen": text(80), "rejected": text(80)}
            out.write(json.dumps(row) + "\n")


def imported(file: Path) -> None:
    from curation.importers.datasets.registry import FORMATS
    from curation.management.imports import draft_of
    from curation.models import User
    from curation.services import prompt_import as service
    from curation.services.project_create import project_create

    owner = User.objects.create_user("bench")
    project_create(name="Bench", slug="bench", owner=owner)
    draft = draft_of("bench", file)
    entry = service.import_recognise(draft)
    if entry is None:
        raise SystemExit(f"not recognised; known are {', '.join(FORMATS)}")
    chosen = service.default_options(draft, entry, split="train", licence="")
    service.preferences_start(prompt_import=draft, dataset=entry.name, options=chosen, send=False)
    service.import_run(import_id=draft.pk)
    draft.refresh_from_db()
    if draft.state != draft.State.DONE or draft.rows_failed:
        raise SystemExit(f"the import ended as {draft.state}: {draft.error}")


def copied(folder: Path, *, with_keys: bool) -> tuple[int, float]:
    """Rows, and the seconds that COPY takes for all tables together. LIKE leaves foreign keys out."""
    from django.db import connection

    rows, seconds = 0, 0.0
    with connection.cursor() as cursor:
        for table in TABLES:
            file = folder / f"{table}.copy"
            with file.open("wb") as out, cursor.copy(f"COPY {table} TO STDOUT") as copy:
                out.writelines(copy)
            cursor.execute(f"DROP TABLE IF EXISTS bench_{table}")
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(KEYS, [table])
            for (key,) in cursor.fetchall() if with_keys else []:
                cursor.execute(f"ALTER TABLE bench_{table} ADD {key}")
            began = time.perf_counter()
            with file.open("rb") as text, cursor.copy(f"COPY bench_{table} FROM STDIN") as copy:
                while block := text.read(2**20):
                    copy.write(block)
            seconds += time.perf_counter() - began
            cursor.execute(f"SELECT count(*) FROM bench_{table}")  # noqa: S608 -- one of TABLES
            rows += cursor.fetchone()[0]
    return rows, seconds


if __name__ == "__main__":
    main()
