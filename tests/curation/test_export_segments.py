"""Step-DPO, Mask-DPO and stepwise supervision: steps and verdicts, read as their trainers read them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.algorithms.segments import sentence_bounds
from curation.exporters import EXPORTERS
from curation.exporters.base import TrainingRow, why_left_out
from curation.exporters.origin import Origin, Said
from curation.importers.datasets.trl import read_stepwise
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_write
from tests.conftest import People
from tests.curation.export_rows import AGAIN, SYSTEM, USER, export, lines, row
from tests.curation.recipe_data import judge_both_orders, saved_recipe
from tests.curation.test_export_consumers import check
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory, ResponseFactory
from tests.ml_children import MlChildren

SOLVED = "Step 1: Add 2 and 3.\nStep 2: That is 5.\nStep 3: So 5."
FAILED = "Step 1: Add 2 and 3.\nStep 2: That is 6."
FACTS = "Paris is in France. It has ten people.  It is old."
LIES = "Paris is in Spain. It is old."
SAID = Said("person-1", "person", 1, "preferred", "campaign", "2026-01-05T10:00:00+00:00", 2)


def solved(chosen: str = SOLVED, rejected: str = FAILED, **more: Any) -> TrainingRow:
    return row(chosen=chosen, rejected=rejected, source="maths", **more)


def segments(text: str, *verdicts: str, **more: Any) -> dict[str, Any]:
    bounds = [list(piece) for piece in sentence_bounds(text)]
    said = {"verdicts": list(verdicts)} if verdicts else {}
    return {"unit": "sentence", "bounds": bounds, **said, **more}


def judged(*of_both: tuple[Any, Any], chosen: int = 1, **more: Any) -> TrainingRow:
    """One judgment for each (chosen's segments, rejected's)."""
    names = ("a", "b") if chosen == 1 else ("b", "a")
    said = [replace(SAID, attributes={"segments": dict(zip(names, both, strict=True))}) for both in of_both]
    origin = Origin(chosen, responses=({"by": "person"}, {"by": "person"}), judgments=tuple(said))
    return row(**{"chosen": FACTS, "rejected": LIES, "origin": origin, **more})


GOOD = segments(FACTS, "right", "wrong", "right")
BAD = segments(LIES, "wrong", "right")


def check_left_out(name: str, good: TrainingRow, of: TrainingRow, reason: str, path: Path) -> None:
    assert why_left_out(EXPORTERS[name].rules, of) == reason
    written = export(name, [good, of, of], path)
    assert (written.n_rows, written.left_out) == (1, {reason: 2})
    assert reason in {known.reason for known in EXPORTERS[name].reasons}


# ── Step-DPO ─────────────────────────────────────────────────────────────────


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    assert export("step_dpo", [solved()], path).n_rows == 1
    assert lines(path) == [
        {
            "dataset": "maths",
            "prompt": "Q",
            "initial_reason_steps": "Step 1: Add 2 and 3.\nStep 2:",
            "chosen": " That is 5.",
            "rejected": " That is 6.",
            "full_chosen": " That is 5.\nStep 3: So 5.",
            "full_rejected": " That is 6.",
        }
    ]


def step_dpo(sample: dict[str, Any]) -> tuple[str, str, str]:
    """Prompt and the two answers as its `train.py` makes them, with a template of the kind of qwen2-boxed."""
    asked = f"<user>{sample['prompt']}</>\n<assistant>"
    return asked + sample["initial_reason_steps"], sample["chosen"], sample["rejected"]


def test_the_trainer_continues_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    export("step_dpo", [solved()], path)
    prompt, chosen, rejected = step_dpo(lines(path)[0])
    answer = prompt.partition("<assistant>")[2]
    assert SOLVED.startswith(answer + chosen)
    assert FAILED.startswith(answer + rejected)
    # As the pipeline cuts one step off what a model wrote after the prefix.
    assert lines(path)[0]["full_chosen"].split("\nStep ")[0] == chosen
    assert re.search(r"Step \d+:$", prompt)


def test_stored_steps_go_before_what_the_text_shows(tmp_path: Path) -> None:
    def stored(*pieces: tuple[int, int]) -> dict[str, Any]:
        return {"segments": [{"start": start, "end": end} for start, end in pieces]}

    origin = Origin(2, responses=(stored((0, 1), (2, 3)), stored((0, 1), (2, 4))))
    path = tmp_path / "file.jsonl"
    export("step_dpo", [solved("a bc", "a d", origin=origin)], path)
    (sample,) = lines(path)
    assert [sample[name] for name in ("initial_reason_steps", "chosen", "rejected")] == ["a ", "bc", "d"]


STEP_RULES = [
    (solved(messages=[SYSTEM, USER]), "prompt has other turns than one of the user"),
    (solved(messages=AGAIN), "prompt has other turns than one of the user"),
    (solved("Left.\n\nEnd.", "Right.\n\nEnd."), "no shared first step"),
    (solved(SOLVED, "Step 1: Add 2 and 3."), "one response ends where the shared steps end"),
    (solved("Same.\n\nMore.", "Same."), "one response ends where the shared steps end"),
    (solved(SOLVED, "Step 1: Add 2 and 3.\nStep 2:"), "empty step"),
    (solved(SOLVED, SOLVED), "identical responses"),
    (solved(SOLVED, ""), "empty response"),
]


@pytest.mark.parametrize(("of", "reason"), STEP_RULES)
def test_what_step_dpo_cannot_use(tmp_path: Path, of: TrainingRow, reason: str) -> None:
    check_left_out("step_dpo", solved(), of, reason, tmp_path / "file")


# ── Mask-DPO ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("chosen", [1, 2])
def test_sentences_and_their_kinds(tmp_path: Path, chosen: int) -> None:
    path = tmp_path / "file.jsonl"
    export("mask_dpo", [judged((GOOD, BAD), chosen=chosen)], path)
    (sample,) = lines(path)
    assert sample["chosen"] == [{"role": "assistant", "content": FACTS}]
    assert sample["chosen_item"] == {
        "sents": ["Paris is in France.", " It has ten people.", "  It is old."],
        "type": ["no_hallucination", "hallucination", "no_hallucination"],
    }
    assert sample["rejected_item"] == {
        "sents": ["Paris is in Spain.", " It is old."],
        "type": ["hallucination", "no_hallucination"],
    }


def masked(sample: dict[str, Any], side: str, kind: str) -> str:
    """The answer as ANAH's `tokenize` leaves it for training, with a token a character."""
    answer = sample[side][0]["content"] + "</>"
    labels = list(answer)
    start = 0
    for sentence, found in zip(sample[f"{side}_item"]["sents"], sample[f"{side}_item"]["type"], strict=True):
        if found == kind:
            labels[start : start + len(sentence)] = [""] * len(sentence)
        start += len(sentence)
    assert len(labels) == len(answer), "the loader would drop the mask"
    return "".join(labels)


def test_the_trainer_learns_right_and_unlearns_wrong_sentences(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    export("mask_dpo", [judged((GOOD, BAD))], path)
    (sample,) = lines(path)
    assert masked(sample, "chosen", "hallucination") == "Paris is in France.  It is old.</>"
    assert masked(sample, "rejected", "no_hallucination") == "Paris is in Spain.</>"


def kinds(found: TrainingRow, tmp_path: Path) -> list[str]:
    """`+` for no hallucination, `-` for one: the chosen response's, the rejected one's."""
    path = tmp_path / "file.jsonl"
    export("mask_dpo", [found], path)
    (sample,) = lines(path)
    short = {"no_hallucination": "+", "hallucination": "-"}
    return [
        "".join(short[kind] for kind in sample[f"{side}_item"]["type"]) for side in ("chosen", "rejected")
    ]


def test_the_verdict_of_most_people_counts_and_the_unsure_are_masked(tmp_path: Path) -> None:
    other = segments(FACTS, "right", "right", "wrong"), segments(LIES, "wrong", "unsure")
    third = segments(FACTS, "right", "unsure", "unsure"), segments(LIES, "right", "wrong")
    # Of the chosen's last two sentences, and the rejected's last, as many say right as wrong.
    assert kinds(judged((GOOD, BAD), other, third), tmp_path) == ["+--", "-+"]
    whole = {"unit": "sentence", "bounds": [[0, len(FACTS)]], "verdicts": ["wrong"]}
    assert kinds(judged((GOOD, BAD), (GOOD, BAD), (whole, BAD)), tmp_path)[0] == "+-+"


def test_after_the_first_wrong_step_nothing_is_known(tmp_path: Path) -> None:
    first = segments(FACTS, first_wrong=1), segments(LIES, first_wrong=0)
    assert kinds(judged(first), tmp_path) == ["+--", "-+"]
    none_wrong = segments(FACTS, first_wrong=None), segments(LIES, first_wrong=1)
    assert kinds(judged(none_wrong), tmp_path) == ["+++", "+-"]


def stored(text: str, *verdicts: str) -> dict[str, Any]:
    pieces = zip(sentence_bounds(text), verdicts, strict=True)
    return {"segments": [{"start": start, "end": end, "verdict": said} for (start, end), said in pieces]}


def test_verdicts_that_came_with_a_response_count_where_nobody_gave_one(tmp_path: Path) -> None:
    both = (stored(FACTS, "wrong", "right", "right"), stored(LIES, "wrong", "wrong"))
    assert kinds(judged(origin=Origin(1, responses=both)), tmp_path) == ["-++", "--"]
    people = replace(SAID, attributes={"segments": {"a": GOOD}})
    found = judged(origin=Origin(1, responses=both, judgments=(people,)))
    assert kinds(found, tmp_path) == ["+-+", "--"]


NO_VERDICTS, ALL_MASKED = "no verdicts on the sentences of both responses", "a response is masked whole"
AFTER_ASSISTANT = [USER, {"role": "assistant", "content": "x"}]
MASK_RULES = [
    (row(), NO_VERDICTS),
    (judged(), NO_VERDICTS),
    (judged((GOOD, None)), NO_VERDICTS),
    (judged((segments(FACTS, "right"), BAD)), NO_VERDICTS),
    (judged((GOOD, {"bounds": [[0, 3]], "verdicts": ["wrong"]})), NO_VERDICTS),
    (judged((GOOD, {"bounds": "broken", "verdicts": ["wrong"]})), NO_VERDICTS),
    (judged((segments(FACTS, first_wrong=9), BAD)), NO_VERDICTS),
    (judged((segments(FACTS, "wrong", "wrong", "wrong"), BAD)), ALL_MASKED),
    (judged((GOOD, segments(LIES, "right", "unsure"))), ALL_MASKED),
    (judged((GOOD, BAD), messages=AFTER_ASSISTANT), "prompt does not end with a user turn"),
]


@pytest.mark.parametrize(("of", "reason"), MASK_RULES)
def test_what_mask_dpo_cannot_use(tmp_path: Path, of: TrainingRow, reason: str) -> None:
    check_left_out("mask_dpo", judged((GOOD, BAD)), of, reason, tmp_path / "file")


# ── TRL's stepwise supervision ───────────────────────────────────────────────


def stepwise(found: list[TrainingRow], path: Path) -> list[dict[str, Any]]:
    written = export("trl_steps", found, path)
    assert written.n_rows + sum(written.left_out.values()) == 2 * len(found)
    return lines(path)


def prm(sample: dict[str, Any]) -> list[tuple[str, int]]:
    """The text up to each label, and the label, as PRMTrainer's `tokenize_row` has them."""
    text, found = "", []
    for step, label in zip(sample["completions"], sample["labels"], strict=True):
        assert step.strip()
        assert isinstance(label, bool)
        text += step + "\n"
        found.append((text, int(label)))
    return found


def test_steps_have_their_labels(tmp_path: Path) -> None:
    found = stepwise([judged((GOOD, BAD))], tmp_path / "file.jsonl")
    assert found == [
        {
            "prompt": "Q",
            "completions": ["Paris is in France.", "It has ten people.", "It is old."],
            "labels": [True, False, True],
        },
        {"prompt": "Q", "completions": ["Paris is in Spain.", "It is old."], "labels": [False, True]},
    ]
    assert prm(found[1]) == [("Paris is in Spain.\n", 0), ("Paris is in Spain.\nIt is old.\n", 1)]


def test_a_row_ends_where_nothing_is_known(tmp_path: Path) -> None:
    first = segments(FACTS, first_wrong=1), segments(LIES, "unsure", "right")
    path = tmp_path / "file.jsonl"
    (sample,) = stepwise([judged(first)], path)
    assert sample["labels"] == [True, False]
    assert len(sample["completions"]) == 2
    assert export("trl_steps", [judged(first)], path).left_out == {"no verdict on its first step": 1}


def test_what_was_said_of_a_response_in_several_pairs_is_put_together(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    wrong = segments(FACTS, "wrong", "wrong", "right")
    rows = [judged((GOOD, BAD)), judged((wrong, None), (wrong, None), rejected="Other.")]
    found = stepwise(rows, path)
    assert [sample["labels"] for sample in found] == [[False, False, True], [False, True]]
    assert export("trl_steps", rows, path).left_out == {
        "response already in the file": 1,
        "no verdict on its first step": 1,
    }


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (row(), "no verdicts on the steps of either response"),
        (judged((GOOD, BAD), messages=[SYSTEM, USER]), "prompt has other turns than one of the user"),
        (judged((GOOD, BAD), messages=AGAIN), "prompt has other turns than one of the user"),
    ],
)
def test_what_stepwise_supervision_cannot_use(tmp_path: Path, of: TrainingRow, reason: str) -> None:
    rows = [judged((GOOD, BAD)), replace(of, prompt_id="2")]
    written = export("trl_steps", rows, tmp_path / "file")
    assert (written.n_rows, written.left_out) == (2, {reason: 2})
    assert reason in {known.reason for known in EXPORTERS["trl_steps"].reasons}


def test_an_import_of_the_file_has_the_same_steps(tmp_path: Path) -> None:
    for sample in stepwise([judged((GOOD, BAD))], tmp_path / "file.jsonl"):
        (answer,) = read_stepwise(sample).answers
        assert answer.drawn is not None
        again = [
            {"completions": answer.text[piece["start"] : piece["end"]], "labels": piece["verdict"] == "right"}
            for piece in answer.drawn.segments or []
        ]
        assert [one["completions"] for one in again] == sample["completions"]
        assert [one["labels"] for one in again] == sample["labels"]


# ── all, from the database ──────────────────────────────────────────────────


def test_steps_and_verdicts_of_a_version(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    pair = PairFactory(
        prompt=prompt,
        response_a=ResponseFactory(prompt=prompt, text=SOLVED),
        response_b=ResponseFactory(prompt=prompt, text=FAILED),
    )
    judge_both_orders(pair, RaterFactory(project=people.project), 0.9)
    attributes = {
        "segments": {
            "a": {"unit": "step", "bounds": [[0, 20], [21, 39], [40, 53]], "verdicts": ["right"] * 3},
            "b": {"unit": "step", "bounds": [[0, 20], [21, 39]], "first_wrong": 1},
        }
    }
    JudgmentFactory(pair=pair, rater=RaterFactory(project=people.project), attributes=attributes)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    found = {}
    for name in ("step_dpo", "mask_dpo", "trl_steps"):
        made = export_write(version=version, format=name, split="all", user=None)
        found[name], *_ = lines(Path(made.path))
        Path(made.path).unlink()
        assert export_write(version=version, format=name, split="all", user=None).sha256 == made.sha256
    assert found["step_dpo"]["chosen"] == " That is 5."
    assert found["mask_dpo"]["rejected_item"] == {
        "sents": ["Step 1: Add 2 and 3.", "\nStep 2: That is 6."],
        "type": ["no_hallucination", "hallucination"],
    }
    assert found["trl_steps"]["completions"] == SOLVED.split("\n")
    assert found["trl_steps"]["labels"] == [True, True, True]


def test_datasets_loads_all(ml: MlChildren, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    export("step_dpo", [solved(), solved()], folder / "step_dpo.jsonl")
    export("mask_dpo", [judged((GOOD, BAD))], folder / "mask_dpo.jsonl")
    export("trl_steps", [judged((GOOD, BAD))], folder / "trl_steps.jsonl")
    found = check(ml, "load", str(folder))
    assert {name: splits[""]["n"] for name, splits in found.items()} == {
        "step_dpo": 2, "mask_dpo": 1, "trl_steps": 2,
    }  # fmt: skip
    assert len(found["mask_dpo"][""]["first"]["chosen_item"]["sents"]) == 3
