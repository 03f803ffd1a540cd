"""One project from its bias report to three trainers, by what a person presses in the browser."""

from __future__ import annotations

import io
import json
import random
from zipfile import ZipFile

import pytest
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from curation.models import DatasetFreeze, DatasetVersion, Export, FilterRecipe, Pair, Project, RecipeRun
from tests.conftest import People, streamed
from tests.curation.recipe_data import judge_both_orders, ln_ches
from tests.factories import PairFactory, PromptFactory, RaterFactory, ResponseFactory, SamplerFactory

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated"),
]
N = 60  # prompts of each kind
WORDS = (
    "river", "stone", "cloud", "amber", "field", "quiet", "early", "grain", "harbour", "lantern", "meadow",
    "north", "open", "paper",
)  # fmt: skip
EVERYTHING = {"name": "Everything", "0-step": "consensus_exists", "0-method": "mean_probability"}
CLEAN = {
    **EVERYTHING,
    "name": "Clean",
    "1-step": "drop_top_ln_ches",
    "1-percent": "5",
    "2-step": "balance_length",
    "2-percent": "50",
}
TRAINERS = ("trl_jsonl", "llama_factory_sharegpt", "axolotl_dpo")


def url(name: str, **kwargs: object) -> str:
    return reverse(f"curation:{name}", kwargs={"slug": "helpfulness", **kwargs})


def seeded(project: Project) -> list[Pair]:
    """`chatty` against `plain` on half of the prompts, and always chosen; `plain` against `other`, which
    write alike, on the rest. Two judges, who differ on every fourth pair, and ln-CHES that rises from pair to
    pair for the chosen response."""
    draw = random.Random(7)
    samplers = {
        name: SamplerFactory(project=project, model_name=name) for name in ("chatty", "plain", "other")
    }
    judges = [RaterFactory(project=project, label=f"judge v{number}") for number in (1, 2)]

    def words() -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(8, 40))) + "."

    pairs, ches = [], {}
    for number in range(2 * N):
        prompt = PromptFactory(project=project, source="forum", licence="cc-by-4.0", category="general")
        first, second = ("chatty", "plain") if number < N else ("plain", "other")
        opening = "Certainly! Here is a list:\n\n- " if first == "chatty" else ""
        pair = PairFactory(
            prompt=prompt,
            response_a=ResponseFactory(prompt=prompt, sampler=samplers[first], text=f"{opening}{words()}"),
            response_b=ResponseFactory(prompt=prompt, sampler=samplers[second], text=words()),
        )
        p = 0.9 if number < N or number % 2 else 0.1
        for judge, says in zip(judges, (p, 0.5 + (0.5 - p) / 4 if number % 4 == 0 else p), strict=True):
            judge_both_orders(pair, judge, says)
        ches[pair] = float(number) if p > 0.5 else -float(number)
        pairs.append(pair)
    ln_ches(project, ches)
    return pairs


def test_it_works(people: People, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    pairs = seeded(people.project)
    client = people.client("rita")

    def press(path: str, **fields: object) -> None:
        """Post, and let workers do what was asked for."""
        with django_capture_on_commit_callbacks(execute=True):
            assert client.post(path, fields).status_code == 302

    def frozen(form: dict[str, str]) -> DatasetVersion:
        press(url("recipe-create"), **form, action="save")
        press(url("recipe-run", pk=FilterRecipe.objects.get(name=form["name"]).pk))
        press(url("dataset-freeze", pk=RecipeRun.objects.latest("pk").pk), note=form["name"])
        version = DatasetFreeze.objects.latest("pk").version
        assert version is not None
        return version

    # What gives responses away, before anything is filtered.
    unfiltered = frozen(EVERYTHING)
    assert (unfiltered.number, unfiltered.n_rows) == (1, 2 * N)
    biases = client.get(url("dataset-bias", number=1))
    sources = {row["name"]: row for row in biases.context["report"]["sources"]["rows"]}
    assert {name: row["is_flagged"] for name, row in sources.items()} == {
        "chatty": True, "plain": False, "other": False,
    }  # fmt: skip
    told_by = {row["name"] for row in sources["chatty"]["words"]["evidence"]}
    assert {"certainly", "list"} <= told_by
    assert "certainly" in biases.content.decode()

    # The most displaced 5 % go, then the length is balanced.
    filtered = frozen(CLEAN)
    assert filtered.number == 2
    displaced = filtered.dropped.filter(step="drop_top_ln_ches")
    assert {drop.pair_id for drop in displaced} == {pair.pk for pair in pairs[-6:]}
    assert filtered.dropped.filter(step="balance_length").exists()
    rows = filtered.rows.select_related("chosen", "rejected")
    longer = [len(row.chosen.text) > len(row.rejected.text) for row in rows]
    assert sum(longer) <= len(longer) / 2
    assert filtered.n_rows + filtered.n_dropped == 2 * N

    # The card: counts, sources, licences, scores, agreement with its interval, drops with reasons.
    page = client.get(url("dataset-detail", number=2))
    agree, *_ = page.context["known"]
    assert 0 < agree["low"] < agree["value"] < agree["high"] <= 1
    card = page.content.decode()
    for words in (
        f"source forum: {filtered.n_rows} rows", f"licence cc-by-4.0: {filtered.n_rows} rows",
        "ln-CHES by tiny", "judge v2 (judge)", "Agreement and known biases", filtered.content_hash,
    ):  # fmt: skip
        assert words in card, words

    # Against the unfiltered version.
    press(url("comparison-build"), old=1, new=2)
    found = client.get(url("dataset-comparison"), {"old": 1, "new": 2})
    assert dict(found.context["report"]["counts"]) == {
        "added": 0, "removed": filtered.n_dropped, "flipped": 0, "changed": 0,
    }  # fmt: skip
    why = {step["label"]: step["reasons"] for step in filtered.funnel}
    assert sum(n for _, n in found.context["reasons"]) == filtered.n_dropped
    assert {reason for reason, _ in found.context["reasons"]} == {r for told in why.values() for r in told}

    # For three trainers.
    for name in TRAINERS:
        press(url("export-create", number=2), format=name, split="train", max_length=1024)
        export = Export.objects.get(format=name)
        assert (export.n_rows, export.left_out) == (filtered.n_rows, {})
        data = streamed(client.get(url("export-download", pk=export.pk)))
        assert len(examples(data)) == filtered.n_rows
    assert Export.objects.count() == len(TRAINERS)


def examples(data: bytes) -> list[object]:
    """The rows of a file of JSON lines, or of the file of rows in a zip."""
    if not data.startswith(b"PK"):
        return [json.loads(line) for line in data.splitlines()]
    with ZipFile(io.BytesIO(data)) as zipped:
        (name,) = (name for name in zipped.namelist() if name not in {"dataset_info.json", "README.md"})
        content = zipped.read(name)
    return list(json.loads(content)) if name.endswith(".json") else examples(content)
