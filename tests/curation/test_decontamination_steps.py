"""Decontamination by n-grams, on a project's own rows."""

from __future__ import annotations

import pytest

from curation.algorithms.fingerprints import messages_fingerprint
from curation.models import Pair, Project, Prompt
from tests.conftest import People
from tests.curation.recipe_data import LONG, asked, judged_pair, kept, run_step
from tests.factories import ProjectFactory, PromptFactory

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    asked(people.project, LONG, split="eval")
    copied = judged_pair(
        people.project, 0.9, prompt=asked(people.project, f"Please! {LONG.upper()}, thanks.")
    )
    parts = [{"type": "text", "text": LONG}, {"type": "image", "image": "sea.png"}]
    in_parts = judged_pair(people.project, 0.9, prompt=asked(people.project, parts))
    fresh = judged_pair(
        people.project, 0.9, prompt=asked(people.project, "Write a short poem about the hills")
    )
    run = run_step(people.project, step="decontaminate")
    assert kept(run) == {fresh.pk}
    assert set(run.funnel[1]["examples"]["dropped"]) == {copied.pk, in_parts.pk}
    assert run.funnel[1]["reasons"] == {"covers over 0.5 of an eval prompt without a source with 8-grams": 2}
    assert run.funnel[1]["values"] == [0.0, 1.0, 1.0]
    run = run_step(people.project, step="decontaminate", n=6)
    assert run.funnel[1]["values"] == pytest.approx([6 / 13, 1.0, 1.0], abs=1e-6)


def two_eval_sets(project: Project) -> dict[str, Pair]:
    """Pairs that give away a prompt of one of two eval sets, and one that gives none away."""
    other = "Name the seven largest rivers of Asia and how long they are"
    asked(project, LONG, split="eval", source="alpaca_eval")
    asked(project, other, split="eval", source="ifeval")
    for number in range(60):
        asked(project, f"Another question, number {number}", split="eval", source="ifeval")
    texts = {
        "alpaca_eval": f"{LONG}!",
        "ifeval": f"Please: {other}",
        "": "Write a short poem about the hills",
    }
    return {source: judged_pair(project, 0.9, prompt=asked(project, text)) for source, text in texts.items()}


def test_each_drop_names_the_eval_set_and_notes_name_a_prompt(people: People) -> None:
    pairs = two_eval_sets(people.project)
    run = run_step(people.project, step="decontaminate")
    assert kept(run) == {pairs[""].pk}
    assert run.funnel[1]["reasons"] == {
        "covers over 0.5 of an eval prompt of alpaca_eval with 8-grams": 1,
        "covers over 0.5 of an eval prompt of ifeval with 8-grams": 1,
    }
    of_alpaca, of_ifeval, *_ = Prompt.objects.filter(split="eval").order_by("id")
    assert run.funnel[1]["notes"] == [
        {
            "text": "alpaca_eval: 1 of 1 eval prompts (100.0%) are given away by pairs, more than the 2% of "
            "Tülu 3’s rule for a whole set; most often",
            "prompt": of_alpaca.pk,
        },
        {
            "text": "ifeval: 1 of 61 eval prompts (1.6%) are given away by pairs; most often",
            "prompt": of_ifeval.pk,
        },
    ]
    page = people.client("rob").get(f"/p/helpfulness/recipe-runs/{run.pk}/").content.decode()
    assert f'href="/p/helpfulness/prompts/{of_ifeval.pk}/">prompt {of_ifeval.pk}</a>' in page
    assert "Eval sets: all" in page


def test_only_the_eval_sets_named_count(people: People) -> None:
    pairs = two_eval_sets(people.project)
    run = run_step(people.project, step="decontaminate", eval_sets=["ifeval"])
    assert kept(run) == {pairs[""].pk, pairs["alpaca_eval"].pk}
    run = run_step(people.project, step="decontaminate", eval_sets=["", "mt_bench"])
    assert run.funnel[1]["dropped"] == 0
    assert run.funnel[1]["notes"] == [
        {"text": f"{name}: no eval prompt, so nothing was compared with this set", "prompt": None}
        for name in ("no source", "mt_bench")
    ]


def test_no_ngram_runs_from_one_turn_into_the_next(people: People) -> None:
    asked(people.project, LONG, split="eval")
    words = LONG.split()
    for cut in (7, len(words)):
        turns = [
            {"role": "user", "content": " ".join(words[:cut])},
            {"role": "assistant", "content": "Go on."},
            {"role": "user", "content": " ".join(words[cut:]) or "Yes."},
        ]
        prompt = PromptFactory(
            project=people.project, messages=turns, fingerprint=messages_fingerprint(turns)
        )
        judged_pair(people.project, 0.9, prompt=prompt)
    assert run_step(people.project, step="decontaminate", threshold=0).funnel[1]["values"] == [0, 1]


def test_only_what_the_user_of_this_project_says_is_compared(people: People) -> None:
    asked(ProjectFactory(), LONG, split="eval")
    asked(people.project, "Some other eval prompt of more than eight words in all", split="eval")
    system = [{"role": "system", "content": LONG}, {"role": "user", "content": "Hello"}]
    for messages in (system, [{"role": "user", "content": LONG}]):
        prompt = PromptFactory(
            project=people.project, messages=messages, fingerprint=messages_fingerprint(messages)
        )
        judged_pair(people.project, 0.9, prompt=prompt)
    run = run_step(people.project, step="decontaminate", threshold=0)
    assert (run.funnel[1]["kept"], run.funnel[1]["values"]) == (2, [0.0, 0.0])


def test_eval_pairs_are_not_tested_and_without_eval_prompts_nobody_is(people: People) -> None:
    judged_pair(people.project, 0.9, prompt=asked(people.project, LONG))
    run = run_step(people.project, step="decontaminate")
    assert (run.funnel[1]["kept"], run.funnel[1]["values"]) == (1, [])
    in_eval = judged_pair(people.project, 0.9, prompt=asked(people.project, f"{LONG}.", split="eval"))
    run = run_step(people.project, step="decontaminate")
    assert kept(run) == {in_eval.pk}
