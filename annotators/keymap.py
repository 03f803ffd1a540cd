"""The keys of the labelling page: what each does, and how a person changed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from annotators.answers import Choice, choices_for
from annotators.errors import KeyMapError
from annotators.task_form import TaskForm

ENTER = "Enter"


@dataclass(frozen=True)
class Action:
    """Something that a key does; `name` is how settings and the page call it."""

    name: str
    label: str
    key: str


STEPS = tuple(
    Action(f"choice_{number}", f"Answer {number} from the left", str(number)) for number in range(1, 8)
)
ACTIONS = (
    *STEPS,
    Action("both_bad", "Both bad", "b"),
    Action("skip", "Skip, then a number for the reason", "s"),
    Action("submit", "Submit", ENTER),
    Action("undo", "Take the last answer back", "u"),
    Action("context", "Earlier turns", "c"),
    Action("diff", "Words that differ", "d"),
    Action("scroll_down", "Scroll both responses down", "j"),
    Action("scroll_up", "Scroll both responses up", "k"),
    Action("link", "Linked scrolling on or off", "l"),
    Action("advance", "Go on at once on or off", "a"),
    Action("guidelines", "Guidelines", "g"),
    Action("keys", "This list", "?"),
)
NAMES = {action.name: action for action in ACTIONS}


def choice_action(choice: Choice) -> str:
    """The action that gives a choice: by its place, so that a person's keys hold on every scale."""
    return choice.value if choice.value in NAMES else f"choice_{choice.key}"


def effective_keys(chosen: Mapping[str, str]) -> dict[str, str]:
    """The key of every action: the person's own where they chose one."""
    return {action.name: chosen.get(action.name) or action.key for action in ACTIONS}


def key_rows(keys: Mapping[str, str], form: TaskForm) -> list[dict[str, str]]:
    """(key, what it does) of what the form has, its answers in their own words."""
    offered = {choice_action(choice): choice.label for choice in choices_for(form)}
    answers = {action.name for action in STEPS} | {"both_bad"}
    return [
        {"key": keys[action.name], "label": offered.get(action.name, action.label)}
        for action in ACTIONS
        if action.name not in answers or action.name in offered
    ]


def keys_parse(given: Mapping[str, str]) -> dict[str, str]:
    """What a person changed, from one field per action; an empty field means the usual key.

    Raises KeyMapError, in words, for what is no single key and for one key given to two actions.
    """
    chosen = {}
    for action in ACTIONS:
        key = key_parse(action, given.get(action.name, ""))
        if key != action.key:
            chosen[action.name] = key
    taken: dict[str, Action] = {}
    for name, key in effective_keys(chosen).items():
        other = taken.setdefault(key, NAMES[name])
        if other.name != name:
            raise KeyMapError(
                f"“{other.label}” and “{NAMES[name].label}” cannot both have the key {key}. "
                "Give one of them another key.",
                name,
            )
    return chosen


def key_parse(action: Action, value: str) -> str:
    key = value.strip()
    if not key:
        return action.key
    if key.lower() == ENTER.lower():
        return ENTER
    if len(key) != 1 or not key.isprintable():
        raise KeyMapError(
            f"“{key[:20]}” is not one key. Type a single letter, digit or sign for “{action.label}”, "
            f"or {ENTER}.",
            action.name,
        )
    return key.lower()
