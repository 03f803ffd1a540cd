"""Choosing which responses meet in pairs."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, cast

from django import forms
from django.http import QueryDict

from curation.consensus_methods import consensus_methods
from curation.models import Project
from curation.pair_plans import (
    ACCURACY,
    HIGHEST,
    LENGTHS,
    LOWEST,
    NOBODY,
    PEOPLE,
    RANKED,
    RULE,
    TWO_SOURCES,
    PairPlan,
    source_numbers,
)
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
    "pareto": "One of the Pareto front over several numbers and one that it dominates",
    "accuracy": "A right response and a wrong one (accuracy pairs)",
    "right_lengths": "The shortest right response and each longer right one (length pairs)",
    "styles": "A response in the style that is right more often and one in the other (AdaR1)",
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

# What each plan reads beside who wrote the responses; the rest is not asked for.
RANKING = ("ranked_by", "penalty", "method")
RIGHT = ("right_by", "right_from", "judged_by")
ASKED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(RANKED, RANKING),
    "best_random": (*RANKING, "seed"),
    "band": (*RANKING, "low", "high"),
    "pareto": ("criteria", "method"),
    **dict.fromkeys(ACCURACY, RIGHT),
    "styles": (*RIGHT, "low", "gold", "own"),
    "edits": ("judged_by",),
    "gold_self": ("gold", "own", "judged_by"),
}
ALWAYS = ("strategy", "sources")
# What has no default.
CHOSEN = {"criteria", "right_by", "own"}
BY_NUMBERS = {"ranked_by", "criteria", "right_by"}
JUDGED_BY = {
    RULE: "The rule, where it is so by definition",
    NOBODY: "People and judges only",
}

AT_LEAST_TWO = "Choose at least two numbers for a Pareto front."
SAY_RIGHT = "Choose the number that says whether a response is right."
NONE_SAYS_RIGHT = (
    "Nothing here says whether a response is right: no file brought labels or ratings, no score has a number "
    "of each response, and no judge has judged."
)


class PairBuildForm(forms.Form):
    """A `PairPlan`; what is not given or not asked for is the plan's default, so that no data at all asks for
    every pair. Only what the chosen plan reads is shown. With a plan that was chosen just now (`is_new`) the
    form is unbound while it lacks what only a person can choose: nobody has left that out yet."""

    use_required_attribute = False  # the browser would keep another plan from being chosen

    strategy = forms.ChoiceField(label="Pair", choices=STRATEGIES.items())
    ranked_by = forms.ChoiceField(
        help_text="Lengths are in characters. Offered too is what this project's files say of single "
        "responses, such as ratings, and what scores and judges do.",
    )
    criteria = forms.MultipleChoiceField(
        label="Numbers of the Pareto front",
        widget=forms.CheckboxSelectMultiple,
        help_text="At least two. A response dominates another if it is at least as good in all of them and "
        "better in one; the front are those that none dominates.",
        error_messages={"required": AT_LEAST_TWO},
    )
    right_by = forms.ChoiceField(
        label="What says that a response is right",
        help_text="Offered is every number of responses here.",
    )
    right_from = forms.FloatField(
        label="Right from",
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="A response with at least this number is right, one below it is wrong, one without is in "
        "no pair. A label that says yes is 1 and one that says no is 0.",
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
        help_text="In the unit of the number that ranks: probability (0 to 1), pairs, characters, or that of "
        "the rating or score. Empty is no bound.",
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
    own = forms.ChoiceField(
        label="The model's own are by",
        error_messages={"required": "Choose the model whose own responses are paired with gold ones."},
    )
    judged_by = forms.ChoiceField(
        label="Which one is better is said by",
        choices=JUDGED_BY.items(),
        help_text="By definition an edit is better than what it edits, gold than a model's own, right than "
        "wrong, the shorter than the longer of two right responses, and AdaR1's better style than the other. "
        "The judgments are those of a judge named after the rule; pairs that others have judged are left to "
        "them.",
    )

    def __init__(self, data: QueryDict, *, project: Project, is_new: bool = False) -> None:
        strategy = data.get("strategy", "")
        asked = (*ALWAYS, *ASKED.get(strategy, ()))
        given = {field.name: data[field.name] for field in fields(PairPlan) if field.name in data}
        values = {**asdict(PairPlan()), **given, "criteria": data.getlist("criteria")}
        lacks = any(values[name] in ("", []) for name in CHOSEN & {*asked})
        lacks |= strategy == "band" and {values["low"], values["high"]} <= {None, ""}
        super().__init__(None if is_new and lacks else values, initial=values)
        for name in self.fields.keys() - {*asked}:
            del self.fields[name]
        if strategy == "styles":
            self._speak_of_styles()
        models = [(name, name) for name in source_numbers(project) if name != PEOPLE]
        methods = [(method.name, method.label) for method in consensus_methods()]
        # Reads what every response of the project says, so only where it is asked for.
        sources = number_sources(project) if self.fields.keys() & BY_NUMBERS else []
        numbers = [*RANKINGS.items(), *_directed(sources)]
        offered = {
            "ranked_by": numbers,
            "criteria": numbers,
            "right_by": [("", "—"), *((source.key, _capital(source.name)) for source in sources)],
            "method": methods,
            "gold": [(PEOPLE, "People"), *models],
            "own": [("", "—"), *models],
        }
        for name in self.fields.keys() & offered:
            cast("forms.ChoiceField", self.fields[name]).choices = offered[name]
        if "right_by" in self.fields:
            self.fields["right_by"].error_messages["required"] = SAY_RIGHT if sources else NONE_SAYS_RIGHT
            if not sources:
                self.fields["right_by"].help_text = NONE_SAYS_RIGHT

    def _speak_of_styles(self) -> None:
        low, gold, own = (self.fields[name] for name in ("low", "gold", "own"))
        gold.label, own.label = "The long style is by", "The short style is by"
        own.error_messages["required"] = "Choose the model whose style is the short one."
        low.help_text = (
            "By how much the share of right responses in the long style must exceed that in the short one; "
            "empty is 0."
        )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        strategy = data.get("strategy", "")
        self._check_band(data.get("low"), data.get("high"))
        if strategy in RANKED and data.get("penalty") and data.get("ranked_by") in LENGTHS:
            self.add_error("penalty", "Choose another number than length to rank by, or no penalty.")
        if "criteria" in data:
            self._check_criteria(data["criteria"])
        if strategy in TWO_SOURCES and "own" in data and data["own"] == data.get("gold"):
            other = "that is gold" if strategy == "gold_self" else "whose style is the long one"
            self.add_error("own", f"Choose another model than the one {other}.")
        return data

    def _check_criteria(self, chosen: list[str]) -> None:
        # What a number is of: both lengths are one, and so are the two ends of a source.
        of = ["length" if name in LENGTHS else name.partition(" ")[2] or name for name in chosen]
        if len(set(of)) < len(of):
            self.add_error("criteria", "Choose one end of each number: it cannot be best both high and low.")
        elif len(of) < 2:
            self.add_error("criteria", AT_LEAST_TWO)

    def _check_band(self, low: float | None, high: float | None) -> None:
        if low is not None and high is not None and low > high:
            self.add_error("high", "The largest difference must not be below the least.")
        is_band = self.cleaned_data.get("strategy") == "band"
        if is_band and not {"low", "high"} & self.errors.keys() and low is None and high is None:
            self.add_error("low", "Give the least or the largest difference, in the unit of what ranks.")

    def plan(self) -> PairPlan:
        """Call only on a valid form."""
        return PairPlan(**{**self.cleaned_data, "criteria": tuple(self.cleaned_data.get("criteria", ()))})

    @property
    def given(self) -> list[tuple[str, Any]]:
        """Names and values as they stand, for a second form that repeats them."""
        values = [(name, self[name].value()) for name in self.fields if name != "criteria"]
        chosen = (
            [("criteria", name) for name in self["criteria"].value()] if "criteria" in self.fields else []
        )
        return [*((name, "" if value is None else value) for name, value in values), *chosen]


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _directed(sources: list[Source]) -> list[tuple[str, str]]:
    """Whether a high number is good is not known of any source: a person says so."""
    return [
        (f"{end} {source.key}", f"{_capital(source.name)}: the {end} is the best")
        for source in sources
        for end in (HIGHEST, LOWEST)
    ]
