"""Preference files land whole, once, and survive a kill; the public ones give the counts that they should."""

from __future__ import annotations

import gc
import gzip
import io
import json
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from curation.errors import CurationError
from curation.importers.datasets.registry import FORMATS
from curation.models import ImportIssue, Judgment, Pair, Prompt, PromptImport, Rater, Response
from curation.services import prompt_import as service
from curation.services.preference_parse import ReadOptions
from curation.services.prompt_land import batch_land
from tests.curation.import_runs import json_rows, jsonl, public, rows_of, run, started
from tests.factories import ProjectFactory

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:\\s*The 'queue' task attribute"),
]

ANSWERS = ("Air scatters blue light most.", "It mirrors the sea.")


def test_it_works() -> None:
    project = ProjectFactory()
    done = run(jsonl([FORMATS["helpsteer3"].example]), "helpsteer3", project)
    assert (done.state, done.error, rows_of(done)) == ("done", "", (1, 0, 0))
    assert done.landed == {
        "prompts": 1, "responses": 2, "pairs": 1, "judgments": 1, "repeated": 0, "identical": 0
    }  # fmt: skip
    prompt = Prompt.objects.get()
    assert (prompt.source, prompt.licence, prompt.category) == ("HelpSteer3", "CC-BY-4.0", "general")
    assert (prompt.prompt_import, prompt.split) == (done, "train")
    judgment = Judgment.objects.select_related("rater", "pair").get()
    assert (judgment.left, judgment.preference, judgment.source) == ("a", 2, "import")
    assert (judgment.rater.label, judgment.rater.kind) == ("annotator 1 (HelpSteer3)", "person")
    assert judgment.rationale == "It names the cause."
    assert judgment.attributes == {"imported": {"feedback": {"a": "Right.", "b": "Wrong."}}}
    assert [response.text for response in Response.objects.all()] == list(ANSWERS)
    assert set(Response.objects.values_list("sampler__model_name", "sampler__backend")) == {
        ("unknown (HelpSteer3)", "import")
    }


@pytest.mark.parametrize("name", FORMATS)
def test_every_example_lands_once(name: str) -> None:
    project, content = ProjectFactory(), jsonl([FORMATS[name].example])
    first = run(content, name, project)
    assert rows_of(first) == (1, 0, 0)
    there = [model.objects.count() for model in (Prompt, Response, Pair, Judgment, Rater)]
    again = run(content, name, project)
    assert rows_of(again) == (0, 1, 0)
    assert {again.landed[noun] for noun in ("prompts", "responses", "pairs", "judgments")} == {0}
    assert again.landed["repeated"] == first.landed["judgments"]
    assert [model.objects.count() for model in (Prompt, Response, Pair, Judgment, Rater)] == there


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("rewardbench", "eval"),
        ("rewardbench-2", "eval"),
        ("alpaca-eval", "eval"),
        ("alpaca-eval-outputs", "eval"),
        ("mt-bench", "eval"),
        ("shp", "train"),
    ],
)
def test_prompts_of_test_sets_are_kept_from_training(name: str, split: str) -> None:
    run(jsonl([FORMATS[name].example]), name, ProjectFactory())
    assert Prompt.objects.get().split == split


def test_a_response_that_another_file_names_again_is_not_doubled() -> None:
    project, example = ProjectFactory(), FORMATS["rewardbench"].example
    run(jsonl([example]), "rewardbench", project)
    other = example | {"rejected": "Nobody knows.", "id": 2}
    done = run(jsonl([other, example]), "rewardbench", project)
    assert (rows_of(done), Prompt.objects.count(), Response.objects.count()) == ((1, 1, 0), 1, 3)
    by_model = Response.objects.values_list("sampler__model_name", "sample_index").order_by("id")
    assert Counter(by_model) == Counter([("GPT4-Turbo", 0), ("alpaca-7b", 0), ("alpaca-7b", 1)])


def test_a_tree_counts_as_one_row_whatever_it_brings() -> None:
    project, example = ProjectFactory(), FORMATS["oasst-trees"].example
    run(jsonl([example]), "oasst-trees", project)
    tree = json.loads(json.dumps(example))
    fork = {"role": "prompter", "text": "And then?", "replies": tree["prompt"]["replies"]}
    tree["prompt"]["replies"] = [*fork["replies"][:1], fork["replies"][1] | {"replies": [fork]}]
    done = run(jsonl([tree, example]), "oasst-trees", project)
    assert (rows_of(done), done.landed["prompts"], Prompt.objects.count()) == ((1, 1, 0), 1, 2)


def test_bad_rows_are_named_and_the_others_land() -> None:
    good = FORMATS["shp"].example
    content = jsonl([good]) + b"{broken\n\n" + jsonl([good | {"labels": 7}, good | {"history": "Why?"}])
    done = run(content, "shp", ProjectFactory())
    assert (done.state, rows_of(done), done.rows_read) == ("done", (2, 0, 2), 4)
    issues = dict(ImportIssue.objects.values_list("line", "reason"))
    assert list(issues) == [2, 4]
    assert "Not valid JSON" in issues[2]
    assert "The label is 7" in issues[4]


def test_attributes_follow_the_responses_whichever_side_they_stand() -> None:
    project, example = ProjectFactory(), FORMATS["pku-saferlhf"].example
    run(jsonl([example | {"safer_response_id": 1}]), "pku-saferlhf", project)
    turned = {
        "response_0": example["response_1"], "response_1": example["response_0"],
        "better_response_id": 1, "safer_response_id": 0, "is_response_0_safe": False,
    }  # fmt: skip
    run(jsonl([example | turned]), "pku-saferlhf", project)
    first, second = Judgment.objects.order_by("id")
    assert [(one.left, one.preference) for one in (first, second)] == [("a", 2), ("b", -2)]
    assert first.attributes["comparisons"] == second.attributes["comparisons"] == {"safety": "b"}
    assert second.attributes["imported"]["safe"] == {"a": True, "b": False}


def test_marks_are_kept_as_the_task_form_keeps_them() -> None:
    run(jsonl([FORMATS["fine-grained-rlhf"].example]), "fine-grained-rlhf", ProjectFactory())
    marked = Judgment.objects.exclude(attributes={}).get()
    (mark,) = marked.attributes["spans"]["a"]
    assert marked.pair.response_a.text[mark["start"] : mark["end"]] == mark["text"] == "mirrors the sea"
    response = Response.objects.get(metadata__isnull=False)
    assert response.metadata is not None
    assert response.metadata["feedback"]["corrected-prediction"] == ANSWERS[0]


def test_comparisons_of_a_text_with_itself_are_counted_and_left_out() -> None:
    answers = [
        {"answer": text, "model": model, "rank": rank}
        for rank, (text, model) in enumerate([("Same.", "m1"), ("Same.", "m2"), ("Other.", "m3")], start=1)
    ]
    done = run(jsonl([FORMATS["nectar"].example | {"answers": answers}]), "nectar", ProjectFactory())
    assert (done.landed["responses"], done.landed["pairs"], done.landed["identical"]) == (3, 2, 1)


def test_one_label_of_a_person_and_a_judge_is_two_raters() -> None:
    project = ProjectFactory()
    example = FORMATS["mt-bench"].example
    run(jsonl([example, example | {"judge": "gpt4_pair"}]), "mt-bench", project)
    Rater.objects.create(project=project, kind="person", label="gpt4_pair (MT-Bench)")
    run(jsonl([example | {"judge": "gpt4_pair", "winner": "tie"}]), "mt-bench", project)
    judged = Judgment.objects.filter(rater__label="gpt4_pair (MT-Bench)")
    assert list(judged.values_list("rater__kind", "outcome")) == [("judge", "preferred"), ("judge", "tie")]


@pytest.mark.parametrize("compress", [False, True])
def test_a_killed_import_resumes_with_no_loss_and_no_double(
    compress: bool, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(service, "BATCH_ROWS", 3)
    example = FORMATS["helpsteer2"].example
    rows = [example | {"prompt": f"Why {n // 2}?", "response": f"Because {n}."} for n in range(12)]
    content = jsonl([*rows[:4], {"bad": 1}, *rows[4:]])
    draft = started(gzip.compress(content) if compress else content, "helpsteer2", ProjectFactory())
    calls: list[Any] = []

    def dies_in_third(**batch: Any) -> None:
        calls.append(batch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        batch_land(**batch)

    with patch.object(service, "batch_land", dies_in_third), pytest.raises(KeyboardInterrupt):
        service.import_run(import_id=draft.pk)
    draft.refresh_from_db()
    assert (draft.state, Pair.objects.count()) == ("running", 3)
    PromptImport.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    service.imports_recover()
    draft.refresh_from_db()
    assert (draft.state, rows_of(draft)) == ("done", (12, 0, 1))
    assert [draft.landed[noun] for noun in ("prompts", "responses", "pairs", "judgments")] == [6, 12, 6, 6]
    assert Judgment.objects.count() == 6


def test_rows_land_beside_what_is_here() -> None:
    """In one batch: a prompt, a response, a pair and a judgment that are here, each with one that is not."""
    project = ProjectFactory()

    def row(prompt: str, chosen: str, rejected: str) -> dict[str, str]:
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected}

    here = [row("Why?", "A", "B"), row("How?", "A", "B")]
    assert rows_of(run(jsonl(here), "trl-explicit", project)) == (2, 0, 0)
    both = Response.objects.filter(prompt__fingerprint=Prompt.objects.earliest("pk").fingerprint)
    more = [
        row("Why?", "A", "C"),  # a new response
        row("How?", "B", "A"),  # a new judgment of a pair that is here
        row("When?", "A", "B"),  # all new
        row("Why?", "B", "C"),  # a new pair of responses that are here by now
        row("Why?", "A", "B"),  # all here
        row("When?", "A", "B"),  # all here by now
    ]
    done = run(jsonl(more), "trl-explicit", project)
    assert rows_of(done) == (4, 2, 0)
    assert done.landed == {
        "prompts": 1, "responses": 3, "pairs": 3, "judgments": 4, "repeated": 2, "identical": 0,
    }  # fmt: skip
    assert list(both.order_by("sample_index").values_list("sample_index", flat=True)) == [0, 1, 2]


def test_a_pair_of_responses_that_are_here_is_made_once() -> None:
    """Someone else pairs two responses between the look and the insertion."""
    project = ProjectFactory()
    row = {"prompt": "Why?", "chosen": "A", "rejected": "B"}
    run(jsonl([row]), "trl-explicit", project)
    pair = Pair.objects.get()
    real = Pair.objects.filter
    looks: list[Any] = []

    def blind_at_first(*arguments: Any, **fields: Any) -> Any:
        looks.append(fields)
        return Pair.objects.none() if len(looks) == 1 else real(*arguments, **fields)

    with patch.object(Pair.objects, "filter", blind_at_first):
        done = run(jsonl([row | {"chosen": "B", "rejected": "A"}]), "trl-explicit", project)
    assert (len(looks), done.landed["pairs"], done.landed["judgments"]) == (2, 0, 1)
    assert set(Judgment.objects.values_list("pair", flat=True)) == {pair.pk}


def test_python_is_left_as_it_was() -> None:
    before = gc.get_threshold(), sys.getswitchinterval()
    seen: list[Any] = []

    def breaks(**_: Any) -> None:
        seen.append((gc.get_threshold(), sys.getswitchinterval()))
        raise CurationError("broken")

    draft = started(jsonl([FORMATS["shp"].example]), "shp", ProjectFactory())
    with patch.object(service, "batch_land", breaks):
        service.import_run(import_id=draft.pk)
    assert seen[0] != before
    assert (gc.get_threshold(), sys.getswitchinterval()) == before


def test_a_cut_off_file_lands_what_was_read_before() -> None:
    example = FORMATS["helpsteer2"].example
    rows = (example | {"prompt": f"Why {n}?", "response": str(n) * 300} for n in range(3000))
    content = gzip.compress(jsonl(rows))
    cut = run(content[: len(content) // 2], "helpsteer2", ProjectFactory(), "data.jsonl.gz")
    assert "cut off after line" in cut.error
    assert cut.rows_created == cut.rows_read == Response.objects.count() > 100


def test_only_a_known_format_and_only_a_draft_starts() -> None:
    done = run(jsonl([FORMATS["shp"].example]), "shp", ProjectFactory())
    with pytest.raises(CurationError, match="started already"):
        service.preferences_start(prompt_import=done, dataset="shp", options=ReadOptions())
    with pytest.raises(CurationError, match="no preference format “nothing”"):
        service.preferences_start(prompt_import=done, dataset="nothing", options=ReadOptions())


def written(folder: Path, content: bytes) -> str:
    path = folder / "my-pairs.jsonl"
    path.write_bytes(content)
    return str(path)


def test_the_command_recognises_and_reports(tmp_path: Path) -> None:
    project, out = ProjectFactory(), io.StringIO()
    path = written(tmp_path, jsonl([FORMATS["trl-explicit"].example] * 2) + b"bad\n")
    call_command("import_preferences", project.slug, path, "--split", "eval", stdout=out)
    said = " ".join(out.getvalue().split())
    assert "Read as TRL preference, explicit prompt" in said
    assert "3 rows read: 1 created, 1 duplicate, 1 failed" in said
    assert "line 3: Not valid JSON" in said
    assert "new judgments 1 judgments that were here 1" in said
    prompt = Prompt.objects.get()
    assert (prompt.source, prompt.split) == ("my-pairs.jsonl", "eval")


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (b'{"prompt": "Hi"}\n', [], "not recognised. Name it with --format: label-studio"),
        (b'{"prompt": "Hi"}\n', ["--format", "shp"], "No row landed"),
        (b"", [], "is empty"),
        (b'{"prompt": "Hi"}\n', ["--format", "csv"], "invalid choice"),
    ],
)
def test_what_lands_nothing_fails(tmp_path: Path, content: bytes, arguments: list[str], message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(CommandError, match=message):
        call_command("import_preferences", ProjectFactory().slug, path, *arguments, stdout=io.StringIO())
    with pytest.raises(CommandError, match="no project"):
        call_command("import_preferences", "nowhere", path)


def test_hh_rlhf_lands_whole() -> None:
    content, project = public("hh_rlhf", "harmless-base-test.jsonl.gz").read_bytes(), ProjectFactory()
    done = run(content, "hh-rlhf", project, "harmless-base-test.jsonl.gz")
    assert done.rows_read == 2312
    # Counted in the raw file: 5 dialogues differ before the last answer, 4 end with an empty one.
    reasons = Counter(reason.split(",")[0] for reason in ImportIssue.objects.values_list("reason", flat=True))
    assert reasons == {
        "The two dialogues differ before their last answers": 5,
        "The chosen dialogue ends with an empty answer": 4,
    }
    assert rows_of(done) == (2303, 0, 9)
    assert (done.landed["pairs"], done.landed["judgments"]) == (2303, 2303)
    chosen_left = Judgment.objects.filter(preference__gt=0).count() / done.landed["judgments"]
    assert 0.45 < chosen_left < 0.55
    again = run(content, "hh-rlhf", project, "harmless-base-test.jsonl.gz")
    assert rows_of(again) == (0, 2303, 9)


def test_alpaca_eval_gives_its_published_win_rate() -> None:
    prompts = json_rows(public("alpaca_eval", "prompts.jsonl"))
    answers = {
        model: {
            row["prompt_id"]: row["response"]
            for row in json_rows(public("alpaca_eval", "responses", f"{model}.jsonl.gz"))
        }
        for model in ("gpt4_1106_preview", "alpaca-7b")
    }
    texts = {row["prompt_id"]: row for row in prompts}
    judged = json_rows(public("alpaca_eval", "judgments", "alpaca-7b.jsonl"))
    rows = [
        {
            "instruction": texts[row["prompt_id"]]["prompt"],
            "dataset": texts[row["prompt_id"]]["dataset"],
            "output_1": answers[row["model_a"]][row["prompt_id"]],
            "generator_1": row["model_a"],
            "output_2": answers[row["model_b"]][row["prompt_id"]],
            "generator_2": row["model_b"],
            "annotator": row["judge"],
            "preference": row["preference"],
        }
        for row in judged
    ]
    done = run(jsonl(rows), "alpaca-eval", ProjectFactory())
    # Where both models wrote the same, there is nothing to prefer: AlpacaEval counts half a win.
    same = sum(row["output_1"] == row["output_2"] for row in rows)
    assert rows_of(done) == (len(rows) - same, 0, same)
    stated = Judgment.objects.values_list("probability", flat=True)
    lost = sum(value or 0 for value in stated) + same / 2
    # The leaderboard's raw win rate of alpaca-7b against the baseline, in percent.
    assert 100 * (1 - lost / len(rows)) == pytest.approx(2.591, abs=0.001)
    assert Rater.objects.get().kind == "judge"


def test_fine_grained_feedback_lands_whole() -> None:
    rows = json.loads(public("fine_grained_rlhf", "dev_feedback.json").read_bytes())
    done = run(jsonl(rows), "fine-grained-rlhf", ProjectFactory())
    assert (rows_of(done), Prompt.objects.count()) == ((500, 0, 0), 500)
    assert [done.landed[noun] for noun in ("responses", "pairs", "judgments")] == [2000, 3000, 3000]
    values = Counter(value for row in rows for value in row["preference"])
    outcomes = Judgment.objects.order_by().values_list("outcome", "preference")
    by_side = Counter(dict(outcomes.annotate(Count("id")).values_list("preference", "id__count")))
    assert (by_side[None], by_side[2], by_side[-2]) == (values[0], values[1], values[2])
    marks = Counter(
        mark["type"]
        for said in Judgment.objects.exclude(attributes={}).values_list("attributes", flat=True)
        for mark in said["spans"]["a"]
    )
    errors = [error for row in rows for error in row["feedback"]["errors"]]
    assert marks.total() == len(errors)
    assert marks["factual"] == sum(error["error type"] == "Wrong-Grounding" for error in errors)
