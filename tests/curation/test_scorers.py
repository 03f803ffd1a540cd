"""The registry of scorers, and how pages and forms name them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings.env import BASE_DIR
from curation.algorithms.word_lists import word_list
from curation.forms.recipes import StepForm
from curation.models import PairScore, ScoreProducer
from curation.scorers import (
    MODEL_SCORERS,
    SCORERS,
    TEXTS,
    TOXICITY,
    Needs,
    by_needs,
    computed_by,
    scorer_name,
    toxicity_by,
)
from curation.scorers.offensive import words_of
from tests.conftest import People
from tests.factories import PairFactory
from trainer_bridge.contracts import ScoreSpec

PROMPT = "Name three fruits, please."
DOCS = (BASE_DIR / "docs" / "scorers.md").read_text()


def test_it_works() -> None:
    assert scorer_name("ln_ches") == "ln-CHES"
    assert scorer_name("made_up") == "made_up"
    assert [scorer.name for scorer in computed_by("ches")] == ["ches", "ln_ches"]
    assert by_needs()[0][0] is Needs.TEXT
    assert sum(len(scorers) for _, scorers in by_needs()) == len(SCORERS)


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_fits_its_columns_and_says_what_it_is(name: str) -> None:
    scorer = SCORERS[name]
    assert re.fullmatch(r"[a-z0-9_]{1,40}", name)
    assert scorer.label
    assert scorer.help.endswith(".")
    assert scorer.formula
    assert scorer.source
    assert scorer.version >= 1


@pytest.mark.parametrize("name", SCORERS)
def test_the_documentation_says_of_each_what_the_registry_says(name: str) -> None:
    scorer = SCORERS[name]
    (row,) = [line for line in DOCS.splitlines() if line.startswith(f"| `{name}` |")]
    cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
    assert cells == [f"`{name}`", scorer.label, scorer.formula, scorer.source, scorer.direction, scorer.worse]


def test_the_documentation_has_no_other_rows() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", DOCS, flags=re.MULTILINE)) == set(SCORERS)


def test_model_scorers_name_a_computation_of_the_worker() -> None:
    for scorer in MODEL_SCORERS:
        ScoreSpec(model="m", pairs="p", reference="r", sample="s", scorers=[scorer.computation])


@pytest.mark.parametrize("name", TEXTS)
@settings(deadline=None)  # the first text loads the identifier of languages
@given(a=st.text(max_size=80), b=st.text(max_size=80))
def test_text_scores_change_sign_or_stay_when_the_responses_swap(name: str, a: str, b: str) -> None:
    scorer = TEXTS[name]
    one, other = scorer.score(PROMPT, a, b).value, scorer.score(PROMPT, b, a).value
    assert one == (-other if scorer.directed else other)


@pytest.mark.parametrize(
    ("name", "a", "b", "value"),
    [
        ("length_gap", "abcd", "a", 3.0),
        ("length_log_ratio", "abc", "a", pytest.approx(0.6931, abs=1e-4)),
        ("list_gap", "- a\n- b\n- c", "- a", 2 / 5),
        ("markdown_gap", "# T\n**b**", "plain", 2 / 3),
        ("refusal", "I can't help with that.", "Sure.", 1.0),
        ("refusal", "I can't help with that.", "I cannot answer.", 0.0),
        ("refusals", "I can't help with that.", "Sure.", 1.0),
        ("refusals", "I can't help with that.", "I cannot answer.", 2.0),
        ("refusals", "Yes.", "Sure.", 0.0),
        ("identity_leaks", "As ChatGPT, yes.", "As an AI language model, fine.", 2.0),
        ("cut_endings", "It is, as far as I can", "It is.", 1.0),
        ("language_mismatches", "Äpfel, Birnen und Kirschen sind Früchte.", "Des pommes et des poires.", 2.0),
        ("language_mismatches", "Kirschen", "Apples, pears and plums, sir.", 0.0),
        ("identity_leak", "Fine.", "As an AI language model, fine.", -1.0),
        ("cut_ending", "It is, as far as I can", "It is.", 1.0),
        ("prompt_copy", "Yes.", "No.", 0.0),
        ("script_match", "яблоко", "apple", -1.0),
        ("language_match", "Äpfel, Birnen und Kirschen sind Früchte.", "Apples, pears and plums, sir.", -1.0),
        ("language_match", "Kirschen", "Apples, pears and plums, sir.", 0.0),
        ("toxicity", "Damn fruits!", "Ask the shell: len(sh).", 1 / 2),
        ("toxicity", "Classes of grass", "a", 0.0),
        ("text_likeness", "same", "SAME ", 1.0),
    ],
)
def test_text_scores_by_hand(name: str, a: str, b: str, value: Any) -> None:
    assert TEXTS[name].score(PROMPT, a, b).value == value


def test_what_was_found_in_each_response_is_kept() -> None:
    assert TEXTS["refusal"].score(PROMPT, "I can't help.", "I must decline.").details == {"a": 1.0, "b": 1.0}
    assert TEXTS["text_likeness"].score(PROMPT, "a", "b").details == {}


@pytest.mark.parametrize(
    ("count", "gap"),
    [("refusals", "refusal"), ("identity_leaks", "identity_leak"), ("cut_endings", "cut_ending")],
)
@settings(deadline=None)
@given(a=st.text(max_size=80), b=st.text(max_size=80), is_cut=st.tuples(st.booleans(), st.booleans()))
def test_a_count_and_a_gap_are_of_the_same_findings(
    count: str, gap: str, a: str, b: str, is_cut: tuple[bool, bool]
) -> None:
    counted, compared = (TEXTS[name].score(PROMPT, a, b, is_cut) for name in (count, gap))
    assert counted.details == compared.details
    assert counted.value == counted.details["a"] + counted.details["b"]


def test_toxicity_by_a_list_of_ones_own() -> None:
    own = toxicity_by(word_list("Pfui\n"))
    assert (own.name, own.version) == (TOXICITY.name, TOXICITY.version)
    assert own.score(PROMPT, "pfui", "damn").value == 1
    assert TOXICITY.score(PROMPT, "pfui", "damn").value == -1


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), (b"\xff", "not UTF-8"), (b"\n!!\n", "no word in it")],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "words.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        words_of(path)


def test_a_list_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeffpfui".encode())
    assert words_of(path).phrases == {("pfui",)}


@pytest.mark.django_db
def test_pages_and_forms_show_labels(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    producer = ScoreProducer.objects.create(
        project=people.project, scorer="length_gap", fingerprint="f", label="the texts, version 1"
    )
    PairScore.objects.create(
        pair=pair, producer=producer, scorer="length_gap", direction="a_over_b", value=12
    )
    assert str(producer) == "Length gap by the texts, version 1"
    client = people.client("rita")
    page = client.get(f"/p/helpfulness/pairs/{pair.pk}/").content.decode()
    assert "Length gap" in page
    assert "characters" in page
    listed = client.get("/p/helpfulness/pairs/?scorer=length_gap").content.decode()
    assert '<option value="length_gap" selected>Length gap</option>' in listed
    form = StepForm("score_threshold", prefix="1", project=people.project)
    assert ("length_gap", "Length gap") in form.fields["scorer"].choices  # type: ignore[attr-defined]
    assert "Low is worse: Script match" in str(form.fields["scorer"].help_text)
