"""Judgments by definition: what a rule says of the pairs it makes, once, and where it is silent."""

from __future__ import annotations

import pytest

from curation.models import Consensus, Judgment, Pair, Prompt, Rater, RaterExclusion, Response
from curation.pair_plans import NOBODY, PairPlan
from curation.pair_rules import LONGEST, rule_of
from curation.services.consensus_build import consensus_build
from curation.services.pair_build import pairs_build, pairs_preview
from tests.conftest import People
from tests.factories import JudgmentFactory, PromptFactory, RaterFactory, ResponseFactory, SamplerFactory

URL = "/p/helpfulness/pairs/build/"
EDITS = PairPlan(strategy="edits")
GOLD = PairPlan(strategy="gold_self", own="mine")
LABEL = 'stored:["label"]'


def by_person(people: People, prompt: Prompt, text: str, edited_from: Response | None = None) -> Response:
    return ResponseFactory(
        prompt=prompt, text=text, sampler=None, sample_index=None, author=people.rita, edited_from=edited_from
    )


def edited(people: People) -> tuple[Response, Response]:
    original = ResponseFactory(prompt=PromptFactory(project=people.project), text="Teh sky.")
    return original, by_person(people, original.prompt, "The sky.", original)


def preferred() -> set[tuple[int, int]]:
    """Which response stands over which."""
    standing = Judgment.objects.filter(superseded_by=None).select_related("pair")
    sides = ((row.pair.response_a_id, row.pair.response_b_id, row) for row in standing)
    return {(a, b) if ((row.preference or 0) > 0) == (row.left == "a") else (b, a) for a, b, row in sides}


def test_it_works(people: People) -> None:
    original, edit = edited(people)
    client = people.client("rita")
    page = client.get(URL, {"strategy": "edits"}).content.decode()
    assert "Judgments by the rule" in page
    assert not Judgment.objects.exists()
    answer = client.post(URL, {"strategy": "edits"}, follow=True).content.decode()
    assert "Judgments recorded by the rule: 1." in answer
    judgment = Judgment.objects.get()
    assert preferred() == {(edit.pk, original.pk)}
    assert (judgment.source, judgment.rater.kind) == ("judge", "judge")
    assert judgment.rater.label == "Rule: an edit over what it edits"
    consensus_build(project=people.project)
    assert Consensus.objects.get().winner == "b"
    assert client.get(f"/p/helpfulness/raters/{judgment.rater_id}/").status_code == 200


def test_gold_is_better_in_either_order(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    mine = SamplerFactory(project=people.project, model_name="mine")
    early = by_person(people, prompt, "gold")
    own = ResponseFactory(prompt=prompt, text="own", sampler=mine)
    late = by_person(people, prompt, "late gold")
    assert pairs_build(project=people.project, plan=GOLD).judged == 2
    assert preferred() == {(early.pk, own.pk), (late.pk, own.pk)}
    assert Rater.objects.get(kind="judge").label == "Rule: gold by people over model mine"


def test_no_side_is_favoured(people: People) -> None:
    for _ in range(4):
        edited(people)
    assert pairs_build(project=people.project, plan=EDITS).judged == 4
    rows = Judgment.objects.all()
    assert sorted((row.left, row.preference) for row in rows) == [("a", -2), ("a", -2), ("b", 2), ("b", 2)]


def test_nothing_is_said_twice(people: People) -> None:
    edited(people)
    assert pairs_preview(project=people.project, plan=EDITS).judged == 1
    assert pairs_build(project=people.project, plan=EDITS).judged == 1
    assert pairs_preview(project=people.project, plan=EDITS).judged == 0
    assert pairs_build(project=people.project, plan=EDITS).judged == 0
    assert (Judgment.objects.count(), Rater.objects.filter(kind="judge").count()) == (1, 1)


def test_pairs_that_are_there_are_judged_too(people: People) -> None:
    edited(people)
    pairs_build(project=people.project, plan=PairPlan())
    page = people.client("rita").get(URL, {"strategy": "edits"}).content.decode()
    assert "Record 1 judgment<" in page
    counts = pairs_build(project=people.project, plan=EDITS)
    assert (counts.created, counts.judged) == (0, 1)


@pytest.mark.parametrize(
    ("outcome", "excluded", "judged"),
    [("tie", False, 0), ("both_bad", False, 0), ("skip", False, 1), ("tie", True, 1)],
)
def test_what_others_have_judged_is_left_to_them(
    people: People, outcome: str, excluded: bool, judged: int
) -> None:
    edited(people)
    pairs_build(project=people.project, plan=PairPlan())
    rater = RaterFactory(project=people.project)
    JudgmentFactory(pair=Pair.objects.get(), rater=rater, outcome=outcome, preference=None)
    if excluded:
        RaterExclusion.objects.create(rater=rater, reason="Careless")
    assert pairs_preview(project=people.project, plan=EDITS).judged == judged
    assert pairs_build(project=people.project, plan=EDITS).judged == judged


def test_a_rule_that_says_otherwise_supersedes_itself(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    one, other = (
        ResponseFactory(prompt=prompt, text=text, metadata={"label": label})
        for text, label in (("one", True), ("other", False))
    )
    plan = PairPlan(strategy="accuracy", right_by=LABEL)
    pairs_build(project=people.project, plan=plan)
    assert preferred() == {(one.pk, other.pk)}
    Response.objects.filter(pk=one.pk).update(metadata={"label": False})
    Response.objects.filter(pk=other.pk).update(metadata={"label": True})
    assert pairs_build(project=people.project, plan=plan).judged == 1
    assert preferred() == {(other.pk, one.pk)}
    assert Judgment.objects.count() == 2
    assert Rater.objects.get(kind="judge").label == "Rule: right over wrong, right by stored label from 1"


def test_the_shorter_of_two_right_responses_is_better(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    long, short = (
        ResponseFactory(prompt=prompt, text=text, metadata={"label": True}) for text in ("long", "s")
    )
    pairs_build(project=people.project, plan=PairPlan(strategy="right_lengths", right_by=LABEL))
    assert preferred() == {(short.pk, long.pk)}


def test_where_nothing_is_so_by_definition_no_rule_speaks(people: People) -> None:
    edited(people)
    for plan in (
        PairPlan(),
        PairPlan(strategy="best_worst", ranked_by="longest"),
        PairPlan(strategy="edits", judged_by=NOBODY),
        PairPlan(strategy="accuracy", right_by="rater:1"),
    ):
        assert rule_of(people.project, plan) == ""
    people.client("rita").post(URL, {"strategy": "edits", "judged_by": NOBODY})
    assert (Pair.objects.count(), Judgment.objects.count()) == (1, 0)


def test_long_names_stay_apart(people: People) -> None:
    rules = {
        rule_of(people.project, PairPlan(strategy="gold_self", own="m" * 190 + end)) for end in ("a", "b")
    }
    assert len(rules) == 2
    assert max(map(len, rules)) <= LONGEST


def test_the_better_style_of_each_prompt(people: People) -> None:
    models = {name: SamplerFactory(project=people.project, model_name=name) for name in ("long", "short")}

    def answered(prompt: Prompt, name: str, label: float | str) -> Response:
        text = f"{name} {Response.objects.count()}"
        return ResponseFactory(prompt=prompt, text=text, sampler=models[name], metadata={"label": label})

    hard, easy = (PromptFactory(project=people.project) for _ in range(2))
    hard_long, hard_short = answered(hard, "long", 1), answered(hard, "short", 0)
    easy_long, easy_short = answered(easy, "long", 1), answered(easy, "short", 1)
    answered(easy, "short", "unknown")
    plan = {"strategy": "styles", "gold": "long", "own": "short", "right_by": LABEL, "low": "0.2"}
    people.client("rita").post(URL, plan)
    assert preferred() == {(hard_long.pk, hard_short.pk), (easy_short.pk, easy_long.pk)}
    label = Rater.objects.get(kind="judge").label
    assert "model long over model short where right by more than 0.2 more often" in label


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"own": ""}, "whose style is the short one"),
        ({"own": "one", "gold": "one"}, "whose style is the long one"),
        ({"own": "one", "right_by": ""}, "Choose the number that says"),
        ({"own": "nobody"}, "Select a valid choice"),
    ],
)
def test_styles_need_two_models_and_what_is_right(
    people: People, asked: dict[str, str], refusal: str
) -> None:
    sampler = SamplerFactory(project=people.project, model_name="one")
    prompt = PromptFactory(project=people.project)
    ResponseFactory(prompt=prompt, sampler=sampler, metadata={"label": True})
    plan = {"strategy": "styles", "right_by": LABEL} | asked
    assert refusal in people.client("rita").get(URL, plan).content.decode()
