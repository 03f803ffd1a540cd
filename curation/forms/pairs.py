"""Choosing which responses meet in pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, cast

from django import forms

from curation.consensus_methods import consensus_methods
from curation.models import Project
from curation.pair_plans import HIGHEST, LENGTHS, LOWEST, PEOPLE, RANKED, PairPlan, source_numbers
from curation.ranking_scores import Source
from curation.recipes.base import LARGEST_SEED
from curation.response_numbers import number_sources

STRATEGIES = {
    "all": "Every two responses of a prompt",
    "best_worst": "The best and the worst",
    "best_each": "The best and each of the others",
    "best_random": "The best and one of the others at random",
    "top_two": "The best and the second best",
    "adjacent": "Each response and the next by rank",
    "band": "Two responses whose ranking numbers differ by so much",
    "edits": "An edit and the response it edits",
    "gold_self": "A gold response and a model's own",
    "steps": "Two responses that begin with the same step",
}
RANKINGS = {
    "mean_probability": "Consensus: mean probability to be the better one",
    "copeland": "Consensus: pairs won less pairs lost (Copeland)",
    "shortest": "Length: the shortest is the best",
    "longest": "Length: the longest is the best",
}
SOURCES = {
    "any": "Whoever wrote them",
    "same": "Only responses of one source, ranked among themselves",
    "different": "Only responses of different sources",
}


class PairBuildForm(forms.Form):
    """A `PairPlan`; what is not given is the plan's default, so that no data at all asks for every pair."""

    strategy = forms.ChoiceField(label="Pair", choices=STRATEGIES.items())
    ranked_by = forms.ChoiceField(
        help_text="Matters where the pairs above have a best. Lengths are in characters. Offered too is what "
        "this project's files say of single responses, such as ratings, and what scores and judges do.",
    )
    method = forms.ChoiceField(
        label="Consensus method",
        help_text="Where consensus ranks: it is read as a recipe's last run with this method left it.",
    )
    sources = forms.ChoiceField(
        label="Written by", choices=SOURCES.items(), help_text="A source is a model's name, or people."
    )
    low = forms.FloatField(
        label="Least difference",
        required=False,
        min_value=0,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="For ranking numbers that differ by so much, in the unit of the number that ranks: "
        "probability (0 to 1), pairs, characters, or that of the rating or score.",
    )
    high = forms.FloatField(
        label="Largest difference",
        required=False,
        min_value=0,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Empty is no bound.",
    )
    penalty = forms.FloatField(
        label="Length penalty α",
        min_value=0,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="Ranks by number − α · length in characters instead, as RLHFlow's max_min_p does; 0, its "
        "default, is no penalty. What α is worth depends on the number's unit.",
    )
    seed = forms.IntegerField(
        min_value=0, max_value=LARGEST_SEED, help_text="The same seed draws the same pairs again."
    )
    gold = forms.ChoiceField(label="Gold responses are by")
    own = forms.ChoiceField(label="The model's own are by", required=False)

    def __init__(self, data: Mapping[str, Any], *, project: Project) -> None:
        given = {field.name: data[field.name] for field in fields(PairPlan) if field.name in data}
        super().__init__({**asdict(PairPlan()), **given})
        models = [(name, name) for name in source_numbers(project) if name != PEOPLE]
        methods = [(method.name, method.label) for method in consensus_methods()]
        offered = {
            "ranked_by": [*RANKINGS.items(), *_directed(number_sources(project))],
            "method": methods,
            "gold": [(PEOPLE, "People"), *models],
            "own": [("", "—"), *models],
        }
        for name, choices in offered.items():
            cast("forms.ChoiceField", self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        self._check_band(data.get("low"), data.get("high"))
        is_ranked = data.get("strategy") in RANKED
        if is_ranked and data.get("penalty") and data.get("ranked_by") in LENGTHS:
            self.add_error("penalty", "Choose another number than length to rank by, or no penalty.")
        if data.get("strategy") == "gold_self":
            if not data.get("own"):
                self.add_error("own", "Choose the model whose own responses are paired with gold ones.")
            elif data["own"] == data.get("gold"):
                self.add_error("own", "Choose another model than the one that is gold.")
        return data

    def _check_band(self, low: float | None, high: float | None) -> None:
        if low is not None and high is not None and low > high:
            self.add_error("high", "The largest difference must not be below the least.")
        is_band = self.cleaned_data.get("strategy") == "band"
        if is_band and not {"low", "high"} & self.errors.keys() and low is None and high is None:
            self.add_error("low", "Give the least or the largest difference, in the unit of what ranks.")

    def plan(self) -> PairPlan:
        """Call only on a valid form."""
        return PairPlan(**self.cleaned_data)

    @property
    def given(self) -> list[tuple[str, Any]]:
        """Names and values as they stand, for a second form that repeats them."""
        values = ((name, self[name].value()) for name in self.fields)
        return [(name, "" if value is None else value) for name, value in values]


def _directed(sources: list[Source]) -> list[tuple[str, str]]:
    """Whether a high number is good is not known of any source: a person says so."""
    return [
        (f"{end} {source.key}", f"{source.name[:1].upper()}{source.name[1:]}: the {end} is the best")
        for source in sources
        for end in (HIGHEST, LOWEST)
    ]
