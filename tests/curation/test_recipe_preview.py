"""The live preview of a recipe that is still being written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from curation.models import FilterRecipe, PromptExclusion, RecipeRun
from curation.recipes.kept import SNAPSHOTS, Snapshot
from curation.services.recipe_preview import recipe_preview
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, ln_ches, saved_recipe
from tests.factories import PromptFactory

pytestmark = pytest.mark.django_db

SNAPSHOT = "1700000000000"
FORM = {
    "name": "",
    "snapshot": SNAPSHOT,
    "0-step": "consensus_exists",
    "0-method": "mean_probability",
    "1-step": "min_margin",
    "1-margin": "0.3",
}


@pytest.fixture(autouse=True)
def snapshots(settings: LazySettings, tmp_path: Path) -> Path:
    settings.SNAPSHOTS_ROOT = tmp_path / "snapshots"
    return tmp_path / "snapshots"


def preview_url() -> str:
    return reverse("curation:recipe-preview", args=["helpfulness"])


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_it_works(people: People) -> None:
    judged_project(people.project)
    page = people.client("rita").post(preview_url(), FORM).content.decode()
    assert 'id="preview-0"' in page
    assert 'id="preview-1"' in page
    said = text_of(page)
    assert "2 of 4 pairs are left after the last step" in said
    assert "keeps 2 of 3 (66.7 %), drops 1: margin below 0.3 (1)" in said
    assert 'class="threshold"' in page
    assert 'data-low="0.2"' in page
    assert FilterRecipe.objects.count() == RecipeRun.objects.count() == 0


def test_it_says_what_a_run_says(people: People) -> None:
    pairs = [judged_pair(people.project, p) for p in (0.9, 0.2, 0.7, 0.6)]
    ln_ches(people.project, {pair: float(place) for place, pair in enumerate(pairs)})
    steps: list[dict[str, Any]] = [
        {"step": "consensus_exists"},
        {"step": "drop_top_ln_ches", "percent": 30},
        {"step": "exact_duplicates"},
        {"step": "cap_per_value", "per": "chosen_model"},
        {"step": "decontaminate"},
        {"step": "licence", "licences": [""]},
        {"step": "judges_agree"},
        {"step": "balance_length"},
    ]
    previews = [recipe_preview(project=people.project, steps=steps, snapshot=SNAPSHOT) for _ in range(2)]
    run = recipe_run(recipe=saved_recipe(people.project, steps), user=None)
    assert [preview.report for preview in previews] == [run.funnel] * 2


def test_the_data_stay_those_of_the_page_until_they_are_read_again(people: People) -> None:
    judged_project(people.project)
    client = people.client("rita")
    client.post(preview_url(), FORM)
    judged_pair(people.project, 0.9)
    assert "2 of 4 pairs" in text_of(client.post(preview_url(), FORM).content.decode())
    create = reverse("curation:recipe-create", args=["helpfulness"])
    again = client.post(create, {**FORM, "action": "read"}).content.decode()
    [snapshot] = re.findall(r'name="snapshot" value="(\d+)"', again)
    assert snapshot != SNAPSHOT
    assert 'value="0.3"' in again
    assert "3 of 5 pairs" in text_of(
        client.post(preview_url(), {**FORM, "snapshot": snapshot}).content.decode()
    )


def test_a_change_of_the_steps_keeps_the_data(people: People) -> None:
    create = reverse("curation:recipe-create", args=["helpfulness"])
    page = people.client("rita").post(create, {**FORM, "action": "add:length_ratio"}).content.decode()
    assert f'name="snapshot" value="{SNAPSHOT}"' in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"1-margin": "2"}, "Step 2, Margin: Ensure this value is less than or equal to 1."),
        ({"1-margin": ""}, "Step 2, Margin: This field is required."),
        ({"0-step": "min_margin", "0-margin": "0.1"}, "The first step must be"),
        (
            {"1-step": "length_ratio", "1-min": "3", "1-max": "2"},
            "Step 2: min must not be above max",
        ),
    ],
)
def test_steps_that_are_no_recipe_say_why(people: People, changed: dict[str, str], says: str) -> None:
    judged_project(people.project)
    page = people.client("rita").post(preview_url(), FORM | changed)
    assert page.status_code == 200
    assert says in page.content.decode().replace("&quot;", '"')
    assert 'id="preview-0"' not in page.content.decode()


@pytest.mark.parametrize("name", ["../../etc", "", "12", "17000000000000000"])
def test_a_snapshot_has_no_name_of_the_callers_making(people: People, name: str, snapshots: Path) -> None:
    judged_project(people.project)
    assert people.client("rita").post(preview_url(), {**FORM, "snapshot": name}).status_code == 200
    [made] = (snapshots / str(people.project.pk)).iterdir()
    assert re.fullmatch(r"\d{13}", made.name)
    assert made.name != name


def test_pairs_of_excluded_prompts_are_named_before_the_first_step(people: People) -> None:
    pairs = judged_project(people.project)
    PromptExclusion.objects.create(prompt=pairs[0].prompt, reason="Spam")
    said = text_of(people.client("rita").post(preview_url(), FORM).content.decode())
    assert "Before the first step, 1 pair of excluded prompts goes: prompt excluded: Spam (1)." in said
    assert "1 of 4 pairs are left" in said


def test_a_preview_that_keeps_nothing_names_the_step(people: People) -> None:
    judged_project(people.project)
    client = people.client("rita")
    said = text_of(client.post(preview_url(), FORM | {"1-margin": "1"}).content.decode())
    assert (
        "None of the 4 pairs is left after “Minimum margin”, which dropped the last 3: margin below 1 (3)."
        in said
    )
    assert "is left after" not in text_of(client.post(preview_url(), FORM).content.decode())


@pytest.mark.parametrize(
    ("step", "threshold"),
    [
        ({"0-step": "consensus_exists"}, True),
        ({"1-step": "judges_agree"}, True),
        ({"1-step": "exact_duplicates"}, True),
        ({"1-step": "licence", "1-rule": "keep", "1-licences": ""}, False),
    ],
)
def test_steps_without_a_number_of_their_own_have_a_chart(
    people: People, step: dict[str, str], threshold: bool
) -> None:
    judged_project(people.project)
    judged_pair(people.project, 0.9, prompt=PromptFactory(project=people.project, licence="MIT"))
    form = {name: value for name, value in FORM.items() if not name.startswith("1-")}
    page = people.client("rita").post(preview_url(), form | step).content.decode()
    [place] = {name[0] for name in step if name.endswith("step")}
    part = page[page.index(f'id="preview-{place}"') : page.index(f'id="examples-{place}"')]
    assert ('class="threshold"' in part) == threshold
    assert "<title>" in part
    if "1-licences" in step:
        assert re.findall(r"<title>([^<]*: \d+)</title>", part) == [
            "no licence, kept: 3",
            "licence MIT, dropped: 1",
        ]


def test_of_many_values_the_chart_says_that_it_draws_some(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation.recipes.funnel.SHOWN_VALUES", 2)
    judged_project(people.project)
    page = people.client("rita").post(preview_url(), FORM).content.decode()
    assert "Drawn from a sample of 2 values, evenly spaced by rank; its counts are scaled to all 3." in page
    assert "3 values from 0.2 to 0.8, median 0.5. Counts are scaled from a sample of 2." in page
    assert re.search(r"<title>[^<]*: about 2</title>", page)
    run = recipe_run(recipe=saved_recipe(people.project), user=None)
    shown = people.client("rob").get(reverse("curation:run-detail", args=["helpfulness", run.pk]))
    assert "its counts are scaled to all 3." in shown.content.decode()
    for step in run.funnel:  # as an earlier release stored it
        del step["valued"]
    run.save()
    shown = people.client("rob").get(reverse("curation:run-detail", args=["helpfulness", run.pk]))
    assert "Drawn from a sample of 2 values, evenly spaced by rank." in shown.content.decode()


def test_a_percentile_slides_from_0_to_100(people: People) -> None:
    ln_ches(people.project, {judged_pair(people.project, 0.9): value for value in (1.0, 2.0)})
    form = FORM | {"1-step": "score_threshold", "1-scorer": "ln_ches", "1-by": "percentile", "1-max": "50"}
    page = people.client("rita").post(preview_url(), form).content.decode()
    assert 'data-low="0" data-high="100"' in page


@pytest.mark.parametrize(("unit", "ends"), [("pairs", (1, 3)), ("percent", (1, 100))])
def test_a_cap_slides_from_1_to_the_largest_group_or_to_100(
    people: People, unit: str, ends: tuple[int, int]
) -> None:
    prompts = [PromptFactory(project=people.project) for _ in range(2)]
    for place in range(5):
        judged_pair(people.project, 0.9, prompt=prompts[place // 3], texts=f"text {place}")
    form = FORM | {
        "1-step": "cap_per_value",
        "1-per": "prompt",
        "1-at_most": "1",
        "1-unit": unit,
        "1-seed": "0",
    }
    page = people.client("rita").post(preview_url(), form).content.decode()
    found = re.search(r'id="preview-1"[^>]* data-pairs="5" data-low="([^"]*)" data-high="([^"]*)"', page)
    assert found
    assert (float(found[1]), float(found[2])) == ends


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_who_may_preview(people: People, name: str, status: int) -> None:
    assert people.client(name).post(preview_url(), FORM).status_code == status


def test_it_is_asked_for_by_post_only(people: People) -> None:
    assert people.client("rita").get(preview_url()).status_code == 405


def test_queries_do_not_grow_with_pairs_and_the_second_reads_less(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for snapshot in ("1700000000001", "1700000000002"):
        judged_project(people.project)
        with django_assert_max_num_queries(30):
            client.post(preview_url(), {**FORM, "snapshot": snapshot})
        with django_assert_max_num_queries(9):
            client.post(preview_url(), {**FORM, "snapshot": snapshot, "1-margin": "0.5"})


def test_only_the_newest_snapshots_of_a_project_stay(people: People, snapshots: Path) -> None:
    judged_project(people.project)
    steps: list[dict[str, Any]] = [{"step": "consensus_exists"}]
    for place in range(SNAPSHOTS + 2):
        recipe_preview(project=people.project, steps=steps, snapshot=f"170000000000{place}")
    assert len(list((snapshots / str(people.project.pk)).iterdir())) == SNAPSHOTS


def test_of_two_that_read_at_once_the_first_stays(tmp_path: Path) -> None:
    import numpy as np

    snapshot = Snapshot(tmp_path / "1" / SNAPSHOT)

    def read_while_another_does() -> tuple[Any, ...]:
        snapshot.get("values", lambda: (np.array([1.0]),))
        return (np.array([2.0]),)

    [values] = snapshot.get("values", read_while_another_does)
    assert values.tolist() == [1.0]
    assert [path.name for path in (tmp_path / "1").iterdir()] == [SNAPSHOT]


def test_a_snapshot_keeps_empty_arrays_and_names(tmp_path: Path) -> None:
    import numpy as np

    snapshot = Snapshot(tmp_path / "1" / SNAPSHOT)
    for _ in range(2):
        nothing, names = snapshot.get("names", lambda: (np.zeros(0), np.array(["", "MIT"])))
        assert (nothing.tolist(), names.tolist()) == ([], ["", "MIT"])
