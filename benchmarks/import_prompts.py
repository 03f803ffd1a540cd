"""How fast, and in how much memory, a large JSON lines file becomes prompts.

    .venv/bin/python -m benchmarks.import_prompts [--mib 64] [--keep]

The baseline in the same run is the least any importer must do: read the lines and `json.loads` each.
Everything is written into a project of its own, which is deleted at the end unless --keep is given.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import secrets
import tempfile
import time
from pathlib import Path

WORDS = [word.strip(".,") for word in (__doc__ or "").split()]


def write_prompts(path: Path, n_bytes: int) -> int:
    """Rows of 200 to 2,000 characters, all different; the number of rows."""
    draw, rows = random.Random(7), 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < n_bytes:
            for _ in range(1000):
                text = " ".join(draw.choices(WORDS, k=draw.randint(40, 400)))
                file.write(json.dumps({"prompt": f"{rows}: {text}", "category": "bench", "row": rows}) + "\n")
                rows += 1
    return rows


def read_only(path: Path) -> float:
    """Seconds that reading and parsing alone take."""
    began = time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            json.loads(line)
    return time.perf_counter() - began


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mib", type=int, default=64)
    parser.add_argument("--keep", action="store_true", help="keep the project and its prompts")
    options = parser.parse_args()

    from config.services import ensure_services

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    ensure_services()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prompts.jsonl"
        rows = write_prompts(path, options.mib * 2**20)
        baseline = read_only(path)
        before = peak_mib()
        seconds, peaks = import_file(path, keep=options.keep)
    print(f"{rows:,} rows, {options.mib} MiB")
    print(f"json.loads only: {rows / baseline:>10,.0f} rows/s")
    print(
        f"import:          {rows / seconds:>10,.0f} rows/s "
        f"({seconds:.1f} s, {seconds / baseline:.1f} × baseline)"
    )
    print(
        f"peak memory:     {peaks[-1]:>10,.0f} MiB ({before:,.0f} MiB before the import, "
        f"{peaks[len(peaks) // 10]:,.0f} MiB after a tenth of it)"
    )


def import_file(path: Path, *, keep: bool) -> tuple[float, list[float]]:
    """Seconds that the import itself takes, without the copy of the upload; peak MiB after each batch."""
    from django.core.files.base import File

    from curation.models import Project, Prompt
    from curation.services.prompt_import import import_create, import_run, import_start
    from curation.services.prompt_parse import FieldMapping

    slug = f"bench-{secrets.token_hex(4)}"
    project = Project.objects.create(name=slug, slug=slug)
    with path.open("rb") as handle:
        draft = import_create(project=project, user=None, upload=File(handle, name=path.name))
    import_start(prompt_import=draft, mapping=FieldMapping(prompt="prompt", category="category"), send=False)
    peaks: list[float] = []
    began = time.perf_counter()
    import_run(import_id=draft.pk, on_progress=lambda _row: peaks.append(peak_mib()))
    seconds = time.perf_counter() - began
    draft.refresh_from_db()
    if draft.state != "done" or draft.rows_failed:
        raise SystemExit(f"The import ended {draft.state}: {draft.error or draft.rows_failed}")
    if not keep:
        draft.file.delete(save=False)
        # Nothing refers to these yet, and Django's own cascade would hold a million rows in memory.
        Prompt.objects.filter(project=project)._raw_delete("default")
        project.delete()
    return seconds, peaks


if __name__ == "__main__":
    main()
