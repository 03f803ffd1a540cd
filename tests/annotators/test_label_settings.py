"""Everybody's own keys and switches."""

from __future__ import annotations

import json
import re

import pytest

from annotators.answers import choices_for
from annotators.errors import KeyMapError
from annotators.keymap import ACTIONS, choice_action, effective_keys, key_rows, keys_parse
from annotators.models import Campaign, LabelSettings
from annotators.task_form import TaskForm
from tests.annotators.conftest import label_url
from tests.conftest import People

SETTINGS = "/p/helpfulness/label/settings/"
SWITCH = "/p/helpfulness/label/switch/"


@pytest.mark.django_db
def test_it_works(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    assert client.get(SETTINGS).status_code == 200
    data = {"choice_1": "q", "undo": "Z", "auto_advance": "on", "back": str(campaign.pk)}
    saved = client.post(SETTINGS, data)
    assert (saved.status_code, saved.headers["Location"]) == (302, label_url(campaign))
    settings = LabelSettings.objects.get(user=people.anna)
    assert settings.keys == {"choice_1": "q", "undo": "z"}
    assert (settings.auto_advance, settings.shortcuts, settings.linked_scrolling) == (True, False, False)
    page = client.get(label_url(campaign))
    keys = json.loads(page.context["keys_json"])
    assert (keys["choice_1"], keys["choice_2"], keys["undo"]) == ("q", "2", "z")
    assert {"key": "q", "label": "Left much better"} in page.context["key_rows"]
    client.post(SETTINGS, {"choice_1": "q", "reset": "yes", "shortcuts": "on"})
    assert LabelSettings.objects.get().keys == {}


@pytest.mark.django_db
def test_a_conflict_is_refused_in_words_and_keeps_what_was_typed(people: People) -> None:
    client = people.client("anna")
    client.post(SETTINGS, {"undo": "z"})
    refused = client.post(SETTINGS, {"undo": "q", "skip": "q"})
    assert refused.status_code == 400
    html = refused.content.decode()
    assert "cannot both have the key q" in html
    assert re.search(r'name="skip" value="q"[^>]*', html)
    assert html.count('aria-invalid="true"') == 1
    assert LabelSettings.objects.get().keys == {"undo": "z"}


@pytest.mark.django_db
def test_a_switch_sets_itself_alone(people: People) -> None:
    client = people.client("anna")
    client.post(SETTINGS, {"undo": "z", "auto_advance": "on", "shortcuts": "on"})
    assert client.post(SWITCH, {"linked_scrolling": "on", "user_id": "1", "keys": "{}"}).status_code == 204
    assert client.post(SWITCH, {"auto_advance": "off"}).status_code == 204
    settings = LabelSettings.objects.get(user=people.anna)
    assert settings.keys == {"undo": "z"}
    assert (settings.auto_advance, settings.shortcuts, settings.linked_scrolling) == (False, True, True)
    assert client.get(SWITCH).status_code == 405


@pytest.mark.django_db
def test_only_members_have_the_page(people: People) -> None:
    for url in (SETTINGS, SWITCH):
        assert people.client("charlie").post(url).status_code == 404
        assert people.client("anonymous").post(url).status_code == 302


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"undo": "ab"}, "“ab” is not one key"),
        ({"undo": "\x07"}, "is not one key"),
        ({"undo": "s"}, "cannot both have the key s"),
        ({"undo": "1", "choice_1": "x", "skip": "X"}, "cannot both have the key x"),
        ({"undo": "enter"}, "cannot both have the key Enter"),
    ],
)
def test_what_is_no_key_map(given: dict[str, str], words: str) -> None:
    with pytest.raises(KeyMapError, match=re.escape(words)):
        keys_parse(given)


def test_keys_may_be_swapped_and_left_empty() -> None:
    swapped = keys_parse({"undo": "s", "skip": "u", "diff": " ", "guidelines": "é", "unknown": "s"})
    assert swapped == {"undo": "s", "skip": "u", "guidelines": "é"}
    keys = effective_keys(swapped)
    assert len(set(keys.values())) == len(ACTIONS)
    assert keys["diff"] == "d"


@pytest.mark.parametrize(
    "form", [TaskForm(), TaskForm(steps=7), TaskForm(tie=False, both_bad=False), TaskForm(kind="ranking")]
)
def test_every_choice_has_its_action(form: TaskForm) -> None:
    choices = [] if form.kind == "ranking" else choices_for(form)
    names = {action.name for action in ACTIONS}
    assert {choice_action(choice) for choice in choices} <= names
    listed = {row["label"] for row in key_rows(effective_keys({}), form)}
    assert {choice.label for choice in choices} <= listed
