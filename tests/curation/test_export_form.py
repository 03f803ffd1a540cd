"""The form that asks for an export."""

from __future__ import annotations

import pytest

from curation.models import ExportBuild
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_build import export_build
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, saved_recipe

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated"),
]
PAGE = "/p/helpfulness/datasets/1/"


@pytest.mark.parametrize(
    ("split", "labels"),
    [
        ("eval", ["Train (0)", "Eval (1)", "All (1)"]),
        ("train", ["Train (1)", "Eval (0)", "All (1)"]),
    ],
)
def test_it_starts_at_a_split_that_has_rows(people: People, split: str, labels: list[str]) -> None:
    judged_pair(people.project, 0.9, split=split)
    dataset_freeze(recipe=saved_recipe(people.project), user=None)
    client = people.client("rita")
    field = client.get(PAGE).context["form"]["split"]
    assert [label for _, label in field.field.choices] == labels
    client.post(f"{PAGE}export/", {"format": "trl_jsonl", "split": field.initial, "max_length": 1024})
    build = ExportBuild.objects.get()
    export_build(build_id=build.pk)
    build.refresh_from_db()
    assert (build.state, build.error) == ("done", "")
    assert build.export is not None
    assert (build.export.split, build.export.n_rows) == (split, 1)


def test_a_split_that_there_is_not_is_refused(people: People) -> None:
    judged_project(people.project)
    dataset_freeze(recipe=saved_recipe(people.project), user=None)
    asked = {"format": "trl_jsonl", "split": "gold", "max_length": 1024}
    page = people.client("rita").post(f"{PAGE}export/", asked, follow=True)
    assert "Choose a format and a split from the lists." in page.content.decode()
    assert not ExportBuild.objects.exists()
