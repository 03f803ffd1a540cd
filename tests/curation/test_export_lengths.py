"""What is left out because a trainer would drop it, or cut it until nothing differs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks

from curation.errors import CurationError
from curation.exporters import EXPORTERS
from curation.exporters.base import Tokens, why_left_out
from curation.exporters.lengths import kept_of_responses, within
from curation.models import DatasetVersion, Export, Pair, PairScore, ScoreProducer
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_tokens import Limit
from curation.services.export_write import export_again, export_write
from tests.conftest import People
from tests.curation.export_rows import ABOUT, row
from tests.curation.export_rows import lines as read
from tests.curation.recipe_data import judged_pair, saved_recipe
from tests.factories import ProjectFactory

TEMPLATE, FILLS, SAME, LONGER = (
    "chat template refuses the prompt",
    "prompt fills max length",
    "identical after truncation",
    "longer than max length",
)
CASES: list[tuple[str, Tokens, str]] = [
    ("trl_jsonl", Tokens(shared=0), TEMPLATE),
    ("trl_jsonl", Tokens(99, 99, 120, 120), ""),
    ("trl_jsonl", Tokens(100, 99, 120, 120), SAME),
    ("trl_jsonl", Tokens(100, 100, 120, 120), FILLS),
    ("trl_jsonl", Tokens(50, 10, 50, 50), SAME),
    ("trl_jsonl", Tokens(50, 10, 50, 51), ""),
    ("trl_unpaired", Tokens(105, 100, 120, 120), FILLS),
    ("trl_implicit", Tokens(12, 10, 100, 100), ""),
    ("trl_implicit", Tokens(12, 10, 50, 101), LONGER),
    ("axolotl_dpo", Tokens(12, 10, 101, 50), LONGER),
    ("openrlhf", Tokens(97, 97, 120, 120), ""),
    ("openrlhf", Tokens(98, 98, 120, 120), FILLS),
    ("openrlhf", Tokens(99, 90, 120, 120), SAME),
    # Prompt 200 and responses to 200: both are cut in half, to 50 tokens.
    ("llama_factory_sharegpt", Tokens(249, 200, 400, 300), ""),
    ("llama_factory_sharegpt", Tokens(250, 200, 400, 300), SAME),
    # Short responses are kept whole, whatever the prompt.
    ("llama_factory_alpaca", Tokens(930, 900, 940, 940), ""),
    ("llama_factory_alpaca", Tokens(0), TEMPLATE),
]


@pytest.mark.parametrize(("name", "tokens", "reason"), CASES)
def test_each_trainer_has_its_own_rule(name: str, tokens: Tokens, reason: str) -> None:
    limited = within(EXPORTERS[name], 100)
    assert why_left_out(limited.rules, row(tokens=tokens)) == reason
    assert why_left_out(EXPORTERS[name].rules, row(tokens=tokens)) == ""
    assert not reason or reason in {known.reason for known in limited.reasons}


def test_a_rule_of_the_format_comes_first() -> None:
    limited = within(EXPORTERS["trl_jsonl"], 100)
    assert why_left_out(limited.rules, row(chosen="", tokens=Tokens())) == "empty response"


@given(st.integers(0, 500), st.integers(0, 500), st.integers(8, 300))
def test_what_llama_factory_keeps_fits(prompt: int, longer: int, most: int) -> None:
    """Its `infer_seqlen` in floating point, as it stands there."""
    kept = kept_of_responses(prompt, longer, most)
    if longer * 2 < most:
        expected = longer
    elif prompt * 2 < most:
        expected = min(most - prompt, longer)
    else:
        expected = min(int(most * (longer / (prompt + longer))), longer)
    # Division in whole numbers rounds where the other is a hair below the next.
    assert kept - expected in {0, 1}
    assert 0 <= kept <= min(longer, most)


def kept_by_axolotl(sample: dict[str, str], tokens: dict[str, int], most: int) -> bool:
    """Its `_drop_long_sequences` for KTO, with the tokens of the whole given."""
    return tokens[sample["completion"]] <= most


@pytest.mark.parametrize("most", [50, 60, 100, 101])
def test_axolotls_kto_drops_long_responses_one_by_one(tmp_path: Path, most: int) -> None:
    counts = {"w": 100, "x": 50, "y": 101, "z": 60}
    rows = [
        row(None, won, lost, prompt_id=won, tokens=Tokens(12, 10, counts[won], counts[lost]))
        for won, lost in (("w", "x"), ("y", "z"))
    ]
    whole, short = tmp_path / "whole", tmp_path / "short"
    EXPORTERS["axolotl_kto"].write(rows, whole, ABOUT)
    limited = within(EXPORTERS["axolotl_kto"], most)
    written = limited.write(rows, short, ABOUT)
    kept = [sample for sample in read(whole) if kept_by_axolotl(sample, counts, most)]
    assert sorted(map(str, read(short))) == sorted(map(str, kept))
    left_out = {LONGER: 4 - len(kept)} if len(kept) < 4 else {}
    assert (written.n_rows, written.left_out) == (len(kept), left_out)
    assert LONGER in {known.reason for known in limited.reasons}


def test_tokens_belong_to_the_response_they_count(people: People) -> None:
    pairs = [judged_pair(people.project, p, texts=f"{p}") for p in (0.9, 0.1)]
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    producer = ScoreProducer.objects.create(
        project=people.project, scorer="shared_tokens", fingerprint="t", label="SmolLM2"
    )
    for pair in pairs:
        count(producer, pair, 20, 10)  # the first answer has 90 tokens, the second 80
    made = export_write(
        version=version, format="axolotl_kto", split="all", user=None, limit=Limit(producer, 85)
    )
    labels = {sample["completion"]: sample["label"] for sample in read(Path(made.path))}
    assert labels == {"0.9: second one": False, "0.1: second one": True}
    assert made.left_out == {LONGER: 2}


@pytest.fixture
def version(people: People) -> DatasetVersion:
    for n in range(3):
        judged_pair(people.project, 0.9, texts=f"pair {n}")
    return dataset_freeze(recipe=saved_recipe(people.project), user=None)


@pytest.fixture
def counted(people: People, version: DatasetVersion) -> ScoreProducer:
    """Pair 0 is fit to train on, pair 1 begins alike for 60 tokens, the prompt of pair 2 has 70."""
    producer = ScoreProducer.objects.create(
        project=people.project, scorer="shared_tokens", fingerprint="t", label="SmolLM2"
    )
    found = ((20, 10), (60, 10), (75, 70))
    by_text = Pair.objects.filter(dataset_rows__version=version).order_by("response_a__text")
    for pair, (shared, prompt) in zip(by_text, found, strict=True):
        count(producer, pair, shared, prompt)
    return producer


def count(producer: ScoreProducer, pair: Pair, shared: int, prompt: int) -> None:
    PairScore.objects.create(
        pair=pair,
        producer=producer,
        scorer="shared_tokens",
        direction="both",
        value=shared,
        details={"prompt": prompt, "a": 90, "b": 80},
    )


def lines(export: Export) -> list[str]:
    chosen = [json.loads(line)["chosen"] for line in Path(export.path).read_text().splitlines()]
    return sorted(turn["content"].split(":")[0] for (turn,) in chosen)


def test_it_works(people: People, version: DatasetVersion, counted: ScoreProducer) -> None:
    export = export_write(
        version=version, format="trl_jsonl", split="all", user=people.rita, limit=Limit(counted, 64)
    )
    assert lines(export) == ["pair 0", "pair 1"]
    assert (export.n_rows, export.left_out) == (2, {FILLS: 1})
    shorter = export_write(
        version=version, format="trl_jsonl", split="all", user=None, limit=Limit(counted, 60)
    )
    assert (lines(shorter), shorter.left_out) == (["pair 0"], {SAME: 1, FILLS: 1})
    whole = export_write(version=version, format="trl_jsonl", split="all", user=None)
    assert (whole.n_rows, whole.left_out) == (3, {})
    assert len({export.path, shorter.path, whole.path}) == 3


def test_the_choice_is_part_of_what_an_export_is(version: DatasetVersion, counted: ScoreProducer) -> None:
    limit = Limit(counted, 64)
    export = export_write(version=version, format="trl_parquet", split="all", user=None, limit=limit)
    assert export_write(version=version, format="trl_parquet", split="all", user=None, limit=limit) == export
    Path(export.path).unlink()
    again = export_again(export, None)
    assert (again.pk, again.sha256) == (export.pk, export.sha256)
    assert Path(again.path).is_file()
    for same in ({"tokens": counted, "max_length": 64}, {"tokens": None, "max_length": 64}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Export.objects.create(
                version=version, format="trl_parquet", split="all", n_bytes=1, n_rows=1, **same
            )
    export_write(version=version, format="trl_parquet", split="all", user=None)
    with pytest.raises(IntegrityError), transaction.atomic():  # also without a tokenizer
        Export.objects.create(version=version, format="trl_parquet", split="all", n_bytes=1, n_rows=1)


def test_pairs_without_counts_are_refused_not_guessed(
    people: People, version: DatasetVersion, counted: ScoreProducer
) -> None:
    PairScore.objects.filter(value=20).delete()
    with pytest.raises(CurationError, match="The tokens of 1 pairs of this split were not counted"):
        export_write(version=version, format="trl_jsonl", split="all", user=None, limit=Limit(counted, 64))
    assert not Export.objects.exists()


@pytest.mark.parametrize("name", ["csv", "helpsteer3", "helpsteer2", "llama_factory_kto", "mask_dpo"])
def test_a_format_whose_reader_drops_nothing_is_refused(
    version: DatasetVersion, counted: ScoreProducer, name: str
) -> None:
    with pytest.raises(CurationError, match="drop no rows for their length"):
        export_write(version=version, format=name, split="all", user=None, limit=Limit(counted, 64))


def test_other_scores_and_tiny_lengths_are_refused(version: DatasetVersion, counted: ScoreProducer) -> None:
    other = ScoreProducer.objects.create(project=version.project, scorer="ches", fingerprint="c", label="m")
    with pytest.raises(CurationError, match="counts no tokens"):
        export_write(version=version, format="trl_jsonl", split="all", user=None, limit=Limit(other, 64))
    with pytest.raises(CurationError, match="the least is 8"):
        export_write(version=version, format="trl_jsonl", split="all", user=None, limit=Limit(counted, 7))


def test_the_form_offers_tokenizers_of_the_project(
    people: People,
    version: DatasetVersion,
    counted: ScoreProducer,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    foreign = ScoreProducer.objects.create(
        project=ProjectFactory(), scorer="shared_tokens", fingerprint="f", label="Foreign"
    )
    client = people.client("rita")
    path = reverse("curation:dataset-detail", args=["helpfulness", 1])
    page = client.get(path).content.decode()
    assert "Tokens in common by SmolLM2" in page
    assert "Foreign" not in page
    create = reverse("curation:export-create", args=["helpfulness", 1])
    asked = {"format": "trl_jsonl", "split": "all", "tokens": counted.pk, "max_length": "64"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(create, asked)
    page = client.get(path).content.decode()
    assert "64 tokens of SmolLM2" in page
    assert f"{FILLS} (1)" in page
    export = version.exports.get()
    download = client.get(reverse("curation:export-download", args=["helpfulness", export.pk]))
    assert 'filename="helpfulness-v1-all-64-trl_jsonl.jsonl"' in download.headers["Content-Disposition"]
    assert len(b"".join(download)) == export.n_bytes
    for change, words in (
        ({"tokens": foreign.pk}, "Select a valid choice"),
        ({"max_length": ""}, "Say how many tokens the trainer takes."),
        ({"max_length": "3"}, "greater than or equal to 8"),
        ({"format": "csv"}, "drop no rows for their length"),
    ):
        assert words in client.post(create, asked | change, follow=True).content.decode()
    assert version.export_builds.count() == 1


def test_a_max_length_alone_says_nothing(people: People, version: DatasetVersion) -> None:
    create = reverse("curation:export-create", args=["helpfulness", 1])
    people.client("rita").post(create, {"format": "trl_jsonl", "split": "all", "max_length": "64"})
    assert version.export_builds.get().max_length is None


def test_the_command_takes_a_tokenizer(version: DatasetVersion, counted: ScoreProducer) -> None:
    common = ("export_dataset", "helpfulness", "1", "--split", "all")
    call_command(*common, "--tokenizer", "SmolLM2", "--max-length", "64")
    assert (version.exports.get().tokens, version.exports.get().max_length) == (counted, 64)
    with pytest.raises(CommandError, match="No tokens were counted with the tokenizer of Other"):
        call_command(*common, "--tokenizer", "Other")


def test_rows_are_read_in_chunks(
    version: DatasetVersion, counted: ScoreProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation.services.export_tokens.CHUNK", 2)
    export = export_write(
        version=version, format="trl_jsonl", split="all", user=None, limit=Limit(counted, 1024)
    )
    assert lines(export) == ["pair 0", "pair 1", "pair 2"]
