"""A recipe as a form: its name, and one small form per step, made from the step's own parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import time_ns
from typing import Any

from django import forms
from pydantic.fields import FieldInfo

from curation.consensus_methods import consensus_methods
from curation.models import Project, ScoreProducer
from curation.recipes.base import Step, choice_names, slider_ends
from curation.recipes.eval_sets import eval_set_name
from curation.recipes.selection_steps import licence_name
from curation.recipes.steps import MAX_STEPS, STEPS
from curation.scorers import SCORERS, scorer_name
from curation.services.recipe_save import NAME_LENGTH

SNAPSHOT_NAME = re.compile(r"[0-9]{13}")
# Parameters of which several values may be chosen, and what a value is called.
SEVERAL: dict[str, Callable[[str], str]] = {"licences": licence_name, "eval_sets": eval_set_name}
NEW_RECIPE: list[dict[str, Any]] = [{"step": "consensus_exists"}, {"step": "min_margin"}]


class RecipeNameForm(forms.Form):
    name = forms.CharField(
        max_length=NAME_LENGTH, help_text="Saving under a name again makes its next version."
    )


class StepForm(forms.Form):
    """The parameters of one step. `kind` says which; its place is in the prefix."""

    def __init__(self, kind: str, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind: type[Step] = STEPS[kind]
        for name, info in self.kind.model_fields.items():
            self.fields[name] = _field(name, info, kind, project)
        self._offer_what_is_chosen()

    def _offer_what_is_chosen(self) -> None:
        """A recipe from a file may name what the project lacks; saving again must not lose it."""
        for name, worded in SEVERAL.items():
            field = self.fields.get(name)
            if isinstance(field, forms.MultipleChoiceField):
                offered: Any = field.choices
                chosen = _named(self[name].value() or (), worded)
                field.choices = [*offered, *(choice for choice in chosen if choice not in offered)]

    @property
    def raw(self) -> dict[str, Any]:
        """The step as `recipe_save` takes it. An empty choice of producer means the newest."""
        return {name: None if value == "" else value for name, value in self.cleaned_data.items()}


def _field(name: str, info: FieldInfo, kind: str, project: Project) -> forms.Field:
    common: dict[str, Any] = {
        "label": info.title or name,
        "initial": info.default,
        "help_text": info.description or "",
    }
    if name == "step":
        return forms.CharField(widget=forms.HiddenInput, initial=kind)
    if name == "method":
        common["help_text"] = " ".join(f"{method.label}: {method.help}" for method in consensus_methods())
    if name in SEVERAL:
        return forms.MultipleChoiceField(
            choices=_named(_own(project, name), SEVERAL[name]),
            widget=forms.CheckboxSelectMultiple,
            required=name == "licences",
            **common,
        )
    if choices := _choices(name, info, kind, project):
        return forms.ChoiceField(choices=choices, required=name not in STEPS[kind].scored, **common)
    if info.annotation is bool:
        return forms.BooleanField(required=False, **common)
    return _number(info, common)


def _choices(name: str, info: FieldInfo, kind: str, project: Project) -> list[tuple[str, str]]:
    scored = STEPS[kind].scored
    if name in scored:
        return _producers(project, "" if scored[name] else STEPS[kind].scored_by)
    if name in scored.values():
        return _scorers(project)
    if name == "method":
        return [(method.name, method.label) for method in consensus_methods()]
    return list(choice_names(info).items())


def _own(project: Project, name: str) -> list[str]:
    """What prompts of the project have for a field of which several values may be chosen."""
    if name == "licences":
        return [*project.prompts.order_by("licence").values_list("licence", flat=True).distinct(), ""]
    sets = project.prompts.filter(split="eval").order_by("source")
    return list(sets.values_list("source", flat=True).distinct())


def _named(values: Iterable[str], worded: Callable[[str], str]) -> list[tuple[str, str]]:
    return [(value, worded(value)) for value in dict.fromkeys(values)]


def _number(info: FieldInfo, common: dict[str, Any]) -> forms.Field:
    limits: dict[str, Any] = {
        {"ge": "min_value", "le": "max_value"}[limit]: getattr(bound, limit)
        for bound in info.metadata
        for limit in ("ge", "le")
        if hasattr(bound, limit)
    }
    slider = _slider(info, limits)
    if info.annotation is int:
        return forms.IntegerField(widget=forms.NumberInput(attrs=slider), **limits, **common)
    return forms.FloatField(
        required=info.annotation is float,
        widget=forms.NumberInput(attrs={"step": "any", **slider}),
        **limits,
        **common,
    )


def _slider(info: FieldInfo, limits: Mapping[str, float]) -> dict[str, str]:
    """How a script is to draw a slider beside a number: between the ends that the parameter names, between
    its limits, or between the lowest and the highest value of the step's preview. A seed has none."""
    if named := slider_ends(info):
        return {"data-slider": named, "data-scale": "log"}
    low, high = limits.get("min_value"), limits.get("max_value")
    if low is None or high is None:
        return {"data-slider": "values"}
    return {"data-slider": f"{low:g} {high:g}"} if high <= 100 else {}


def _producers(project: Project, scorer: str) -> list[tuple[str, str]]:
    """Those of a scorer; all of the project's where the step lets one choose it, and `scorer` is empty."""
    found = ScoreProducer.objects.filter(project=project).order_by("-id")
    if scorer:
        found = found.filter(scorer=scorer)
    return [("", "The newest scores"), *((str(producer.pk), str(producer)) for producer in found)]


def _scorers(project: Project) -> list[tuple[str, str]]:
    found = ScoreProducer.objects.filter(project=project).order_by().values_list("scorer", flat=True)
    return [(scorer, scorer_name(scorer)) for scorer in dict.fromkeys([*SCORERS, *sorted(found)])]


class RecipeForm:
    """The whole page: it edits its own list of steps, one submit button per change, without JavaScript."""

    def __init__(
        self,
        project: Project,
        data: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        steps: list[dict[str, Any]] | None = None,
        snapshot: str = "",
    ) -> None:
        self.project = project
        self.data = data
        self.name = RecipeNameForm(data, initial={"name": name})
        self.snapshot = snapshot or _snapshot(data)
        self.steps = (
            list(self._from_data(data)) if data is not None else self._from_steps(steps or NEW_RECIPE)
        )
        self.error = ""

    def is_valid(self) -> bool:
        # Every form is asked, so that all errors show at once.
        return all([self.name.is_valid(), *[step.is_valid() for step in self.steps]])

    @property
    def first_mistake(self) -> str:
        """The first thing wrong with a step; empty where nothing is."""
        for number, step in enumerate(self.steps, start=1):
            for name, errors in step.errors.items():
                return f"Step {number}, {step.fields[name].label}: {errors[0]}"
        return ""

    @property
    def raw_steps(self) -> list[dict[str, Any]]:
        return [step.raw for step in self.steps]

    def changed(self, action: str) -> RecipeForm:
        """The form after `up:2`, `down:0`, `remove:1`, `add:min_margin` or `read`, which previews the data as
        they are now; what was typed so far is kept."""
        verb, _, argument = action.partition(":")
        steps = [_typed(step) for step in self.steps]
        if verb == "add" and argument in STEPS and len(steps) < MAX_STEPS:
            steps.append({"step": argument})
        elif argument.isdecimal() and (at := int(argument)) < len(steps):
            step = steps.pop(at)
            if verb != "remove":
                steps.insert(max(at + {"up": -1, "down": 1}.get(verb, 0), 0), step)
        name = str(self.name["name"].value() or "")
        snapshot = "" if verb == "read" else self.snapshot
        return RecipeForm(self.project, name=name, steps=steps, snapshot=snapshot)

    def _from_data(self, data: Mapping[str, Any]) -> Iterator[StepForm]:
        for at in range(MAX_STEPS):
            kind = data.get(f"{at}-step")
            if kind in STEPS:
                yield StepForm(kind, data, prefix=str(at), project=self.project)

    def _from_steps(self, steps: list[dict[str, Any]]) -> list[StepForm]:
        return [
            StepForm(step["step"], initial=step, prefix=str(at), project=self.project)
            for at, step in enumerate(steps)
        ]


def _snapshot(data: Mapping[str, Any] | None) -> str:
    """The name of the data that the page previews: the moment at which it was opened."""
    named = str((data or {}).get("snapshot", ""))
    return named if SNAPSHOT_NAME.fullmatch(named) else str(time_ns() // 1_000_000)


def _typed(step: StepForm) -> dict[str, Any]:
    """What stands in the fields, valid or not."""
    return {name: step[name].value() for name in step.fields}
