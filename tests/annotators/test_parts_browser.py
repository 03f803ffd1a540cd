"""Every part of a task form in a real browser: by keyboard alone, without JavaScript, and past axe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotators.task_form import Rationale, Scale, Segments, Spans, TaskForm
from curation.models import Judgment
from tests.annotators.conftest import label_url
from tests.annotators.label_pages import expect_saved, page_of
from tests.annotators.parts_kit import Turn, begin, begin_ranking
from tests.browser import violations
from tests.conftest import People

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., AbstractContextManager[Page]]

A = "The Seine runs through Paris. It is 777 km long, and it ends near Le Havre.\n\nDr. Roux measured it."
B = "It runs through Lyon. Its length is 1,200 km."
EVERYTHING = TaskForm(
    steps=7,
    comparisons=("accuracy", "style"),
    ratings=(Scale(name="helpfulness"), Scale(name="correctness"), Scale(name="honesty", low=1, high=5)),
    segments=Segments(),
    spans=Spans(),
    safety=("Refusal", "Hate", "Privacy"),
    rationale=Rationale(required=True, min_chars=10, reasons=("More accurate", "Clearer")),
    rewrite="optional",
)


@pytest.fixture
def visit(browser: Browser, people: People, live_server: LiveServer) -> Visit:
    """`with visit(turn) as page`: the labelling page; an error in the console fails the test at the end."""

    @contextmanager
    def enter(turn: Turn, **options: Any) -> Iterator[Page]:
        with page_of(browser, people, live_server, **options) as page:
            page.goto(label_url(turn.campaign))
            yield page

    return enter


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def send(page: Page, turn: Turn) -> Judgment:
    """Send the form by keyboard and give what was recorded."""
    page.locator("#answer-form button[type=submit]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#turn")).to_contain_text("Nothing is left for you")
    expect_saved(page)
    turn.assignment.refresh_from_db()
    assert turn.assignment.judgment is not None
    return turn.assignment.judgment


# ── rows ─────────────────────────────────────────────────────────────────────


def test_ratings_and_comparisons_by_keyboard(people: People, visit: Visit) -> None:
    form = TaskForm(comparisons=("style",), ratings=(Scale(name="helpfulness"), Scale(name="tone", low=1)))
    turn = begin(people, form, a=A, b=B)
    with visit(turn) as page:
        keys(page, "2", "r", "3", "4", "0", "1")
        expect(page.locator('[name="rating-1-right"]').first).to_be_focused()
        keys(page, "9")  # not on this scale: nothing happens
        expect(page.locator("#answer-form [name=answer]:checked")).to_have_value("left")
        keys(page, "r", "3")
        expect(page.locator("#answer-form button[type=submit]")).to_be_focused()
        said = send(page, turn)
    assert said.attributes == {
        "comparisons": {"style": "b"},
        "ratings": {"helpfulness": {"a": 4, "b": 0}, "tone": {"a": 1, "b": 3}},
    }


def test_sentence_verdicts_by_keyboard(people: People, visit: Visit) -> None:
    turn = begin(people, TaskForm(segments=Segments()), a=A, b=B)
    with visit(turn) as page:
        keys(page, "1", "r", "1", "1", "3", "2", "2")
        said = send(page, turn).attributes["segments"]
    assert said["a"]["verdicts"] == ["right", "right", "unsure"]
    assert said["b"]["verdicts"] == ["wrong", "wrong"]


def test_first_wrong_step_by_keyboard(people: People, visit: Visit) -> None:
    form = TaskForm(segments=Segments(unit="step", ask="first_wrong"))
    turn = begin(people, form, a="Step 1: 2.\nStep 2: 3.", b="Step 1: 2.\nStep 2: 4.")
    with visit(turn) as page:
        keys(page, "1", "r", "0", "2")
        said = send(page, turn).attributes["segments"]
    assert (said["a"]["first_wrong"], said["b"]["first_wrong"]) == (None, 1)


def test_an_error_leads_to_the_part_that_is_wrong(people: People, visit: Visit) -> None:
    turn = begin(people, TaskForm(comparisons=("style", "accuracy")), a=A, b=B)
    with visit(turn) as page:
        keys(page, "1", "r", "1")
        page.locator("#answer-form button[type=submit]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#parts-error")).to_contain_text("“accuracy” is not compared yet")
        expect(page.locator('[name="comparison-0"][value=left]')).to_be_checked()
        assert not Judgment.objects.exists()
        assert violations(page) == []
        keys(page, "1", "r", "2")
        assert send(page, turn).attributes["comparisons"] == {"style": "a", "accuracy": "tie"}


# ── passages ─────────────────────────────────────────────────────────────────


def test_passages_are_marked_by_keyboard(people: People, visit: Visit) -> None:
    turn = begin(people, TaskForm(spans=Spans(types=("factual", "irrelevant")), rewrite="required"), a=A, b=B)
    with visit(turn) as page:
        live = page.locator("[data-spans] [data-live]")
        keys(page, "1", "m")
        expect(page.locator("#marking-left [data-words]")).to_be_focused()
        keys(page, "ArrowRight")
        expect(live).to_have_text("“Seine”")
        keys(page, "Shift+ArrowRight", "Shift+ArrowRight")
        expect(live).to_have_text("“Seine runs through”")
        keys(page, "Enter", "2", "3")
        expect(live).to_have_text("Marked “Seine runs through”: irrelevant, severity 3.")
        keys(page, "ArrowLeft")
        expect(live).to_have_text("“runs”, marked irrelevant 3")
        keys(page, "Enter", "2", "1")  # the same type again, over the first
        expect(live).to_contain_text("Not marked: it overlaps")
        keys(page, "Enter", "Escape", "Enter", "1", "2")
        expect(live).to_have_text("Marked “runs”: factual, severity 2.")
        keys(page, "m")
        expect(page.locator("#marking-right [data-words]")).to_be_focused()
        keys(page, "End", "ArrowLeft", "Enter", "1", "1", "Delete", "ArrowLeft", "Enter", "1", "1")
        expect(page.locator("[data-spans] [data-list] li")).to_have_count(3)
        keys(page, "Escape")
        expect(page.locator("[data-opens-side=right]")).to_be_focused()
        assert violations(page) == []
        page.locator("[data-list] button").first.focus()
        keys(page, "Enter")
        expect(page.locator("[data-spans] [data-list] li")).to_have_count(2)
        keys(page, "e", "Control+a")
        page.keyboard.type("The Seine.")
        said = send(page, turn).attributes["spans"]
    assert [(m["text"], m["type"], m["severity"]) for m in said["a"]] == [("runs", "factual", 2)]
    assert [(m["text"], m["type"]) for m in said["b"]] == [("1,200", "factual")]


def test_the_cursor_goes_up_and_down_by_lines(people: People, visit: Visit) -> None:
    turn = begin(people, TaskForm(spans=Spans(), ratings=(Scale(name="x"),)), a=A, b=B)
    with visit(turn) as page:
        keys(page, "m", "ArrowRight", "ArrowDown")
        expect(page.locator(".is-cursor")).to_have_text("Roux")
        keys(page, "ArrowUp", "ArrowUp", "Home", "ArrowLeft")
        expect(page.locator(".is-cursor")).to_have_text("The")


def test_passages_are_marked_by_mouse(people: People, visit: Visit) -> None:
    turn = begin(people, TaskForm(spans=Spans(severities=1), ratings=(Scale(name="x"),)), a=A, b=B)
    with visit(turn) as page:
        page.get_by_role("button", name="Mark the right response").click()
        words = page.locator("#marking-right [data-start]")
        start, end = words.nth(3).bounding_box(), words.nth(6).bounding_box()
        assert start
        assert end
        page.mouse.move(start["x"] + 1, start["y"] + 5)
        page.mouse.down()
        page.mouse.move(end["x"] + end["width"] - 1, end["y"] + 5, steps=4)
        page.mouse.up()
        page.get_by_role("button", name="factual").click()
        words.nth(0).click()
        page.get_by_role("button", name="Mark what is selected").click()
        page.get_by_role("button", name="unverifiable").click()
        marks = json.loads(page.locator("[name=spans]").input_value())
    assert [(B[mark["start"] : mark["end"]], mark["type"], mark["side"]) for mark in marks] == [
        ("Lyon. Its length", "factual", "right"),
        ("It", "unverifiable", "right"),
    ]


# ── writing ──────────────────────────────────────────────────────────────────


def test_the_rationale_counts_and_the_rewrite_follows_the_choice(people: People, visit: Visit) -> None:
    form = TaskForm(
        rationale=Rationale(required=True, min_chars=10, reasons=("Clearer",)), rewrite="required"
    )
    turn = begin(people, form, a=A, b=B)
    with visit(turn) as page:
        rewrite, count = page.locator("#rewrite"), page.locator("#rationale-count")
        expect(rewrite).to_have_value("")
        keys(page, "1")
        expect(rewrite).to_have_value(A)
        keys(page, "5")
        expect(rewrite).to_have_value(B)
        keys(page, "3")
        expect(rewrite).to_have_value("")
        expect(page.locator("#rewrite-help")).to_contain_text("Neither is better")
        keys(page, "4", "w")
        page.keyboard.type("Too")
        expect(count).to_have_text("7 more characters needed.")
        page.keyboard.type(" short, no more.")
        expect(count).to_have_text("19 of at most 5,000 characters.")
        keys(page, "Shift+Tab", "Space")
        expect(page.get_by_label("Clearer")).to_be_checked()
        page.locator("#answer-form button[type=submit]").focus()
        keys(page, "Enter")  # the original, unchanged, is no rewrite
        expect(page.locator("#parts-error")).to_contain_text("The rewrite is empty")
        keys(page, "4", "e", "Control+End")
        page.keyboard.type(" So it is.")
        page.locator("[name=answer]:checked").focus()
        keys(page, "1")  # an edited text stays
        expect(rewrite).to_have_value(f"{B} So it is.")
        keys(page, "4")
        said = send(page, turn)
    assert said.rationale == "Too short, no more."
    assert said.attributes == {"reasons": ["Clearer"], "rewrite_of": turn.assignment.pair.response_b_id}
    assert turn.assignment.implied.get().pair.response_b.text == f"{B} So it is."


# ── ranking ──────────────────────────────────────────────────────────────────

TEXTS = ["First **answer**.", "Second answer.", "Third answer.", "Fourth answer."]


@pytest.fixture
def ranking(people: People) -> Turn:
    return begin_ranking(people, TaskForm(kind="ranking"), TEXTS)


def ranked(turn: Turn, said: Judgment) -> list[list[int]]:
    """The ranking by the numbers of the page."""
    order = turn.assignment.order or []
    return [[order.index(pk) + 1 for pk in group] for group in said.attributes["ranking"]]


def test_a_ranking_by_number_keys(ranking: Turn, visit: Visit) -> None:
    with visit(ranking) as page:
        live = page.locator("[data-ranking] [data-live]")
        keys(page, "3", "1", "Backspace", "4", "=", "1")
        expect(live).to_contain_text("Order: 3, then 1 and 4 tied. Not ranked yet: 2.")
        keys(page, "2")
        expect(live).to_contain_text("All are ranked.")
        expect(page.locator(".rank-place")).to_have_text(["1", "2 =", "4"])
        said = send(page, ranking)
    assert ranked(ranking, said) == [[3], [1, 4], [2]]


def test_a_digit_on_a_card_is_its_rank(ranking: Turn, visit: Visit) -> None:
    with visit(ranking) as page:
        for number, rank in ((1, "3"), (2, "1"), (3, "4"), (4, "3"), (4, "4")):
            page.locator(f'[data-number="{number}"]').focus()
            keys(page, rank)
        said = send(page, ranking)  # ranks 3, 1, 4, 4 have a gap, which is closed on the way
    assert ranked(ranking, said) == [[2], [1], [3, 4]]


def test_a_ranking_by_buttons(ranking: Turn, visit: Visit) -> None:
    with visit(ranking) as page:
        keys(page, "1", "2", "3")

        def act(label: str) -> None:
            page.get_by_role("button", name=label, exact=True).focus()
            keys(page, "Enter")

        act("Rank response 4 next")
        act("Move response 4 up")
        expect(page.get_by_role("button", name="Move response 4 up", exact=True)).to_be_focused()
        act("Tie response 2 with the one above")
        expect(page.locator(".rank-place")).to_have_text(["1 =", "3", "4"])
        act("Part response 2 from its tie")
        act("Move response 3 up")
        act("Tie response 3 with the one above")
        assert ranked(ranking, send(page, ranking)) == [[1], [2, 3], [4]]


def test_a_ranking_by_dragging(ranking: Turn, visit: Visit) -> None:
    with visit(ranking) as page:
        for number in (2, 1, 4, 3):
            page.locator(f'[data-chip="{number}"] > span').drag_to(page.locator(".rank-order h2"))
        groups = page.locator(".rank-group")
        expect(groups).to_have_count(4)
        box = groups.nth(0).bounding_box()
        assert box
        page.locator('[data-chip="3"] > span').drag_to(groups.nth(0), target_position={"x": 20, "y": 3})
        page.locator('[data-chip="4"] > span').drag_to(
            groups.nth(1), target_position={"x": 20, "y": box["height"] / 2}
        )
        assert ranked(ranking, send(page, ranking)) == [[3], [2, 4], [1]]


# ── without JavaScript, looks ────────────────────────────────────────────────


def test_everything_without_javascript(people: People, visit: Visit) -> None:
    turn = begin(people, EVERYTHING, a=A, b=B)
    with visit(turn, java_script_enabled=False) as page:
        page.locator("[name=answer][value=left]").check()
        for row in page.get_by_role("radiogroup").all():
            row.locator("input").first.press("Space")
        page.get_by_label("In your own words").fill("Because it is so.")
        page.locator('[name="safety-left"]').first.check()
        page.locator("#answer-form button[type=submit]").click()
        assert "Nothing is left for you" in page.content()
    said = Judgment.objects.get()
    assert said.attributes["ratings"]["honesty"] == {"a": 1, "b": 1}
    assert (said.rationale, said.attributes["spans"]) == ("Because it is so.", {"a": [], "b": []})


def test_a_ranking_without_javascript(ranking: Turn, visit: Visit) -> None:
    with visit(ranking, java_script_enabled=False) as page:
        for number, rank in enumerate("3124", start=1):
            page.get_by_label(f"Rank of response {number}").select_option(rank)
        page.locator("#answer-form button[type=submit]").click()
        assert "Nothing is left for you" in page.content()
    ranking.assignment.refresh_from_db()
    assert ranking.assignment.judgment
    assert ranked(ranking, ranking.assignment.judgment) == [[2], [3], [1], [4]]


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(people: People, visit: Visit, width: int) -> None:
    options = {"viewport": {"width": width, "height": 800}}
    steps = TaskForm(segments=Segments(unit="step", ask="first_wrong"))
    for turn in (
        begin(people, EVERYTHING, a=A, b=B),
        begin(people, steps, a="Step 1: a.\nStep 2: b.", b=""),
        begin_ranking(people, TaskForm(kind="ranking", rationale=Rationale()), TEXTS),
    ):
        with visit(turn, **options) as page:
            assert violations(page) == []
            if turn.campaign.task.spans:
                keys(page, "1", "r", "1", "2", "3", "m", "Shift+ArrowRight", "Enter", "1", "1", "Enter")
                page.locator(".part-fold summary").click()
            if turn.campaign.task.kind == "ranking":
                keys(page, "2", "=", "1", "4")
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
