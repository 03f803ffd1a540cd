"""What people may send to the pages of this app."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet, TextChoices

from annotators.models import Campaign
from curation.models import Judgment, Pair, Project, Prompt

GUIDELINES = """\
Which response helps the person more?

- **Right and useful first.** A wrong answer loses to a correct one, however well it is written.
- **Then what was asked.** Prefer the response that follows the instructions and stops there.
- **Length is not quality.** A longer response is better only if the extra text helps.
- **Tie** when you would not mind getting either. **Both bad** when you would send neither.
- **Skip** what you cannot judge, and say why.
"""


class Scope(TextChoices):
    ALL = "all", "All pairs"
    UNJUDGED = "unjudged", "Pairs that no person has judged yet"
    TRAIN = "train", "Pairs of the train split"

    def pairs(self, project: Project) -> QuerySet[Pair]:
        pairs: QuerySet[Pair] = Pair.objects.for_project(project)
        if self is Scope.TRAIN:
            return pairs.filter(prompt__split=Prompt.Split.TRAIN)
        if self is Scope.UNJUDGED:
            by_people = Judgment.objects.current().filter(pair=OuterRef("pk"), rater__kind="person")
            return pairs.filter(~Exists(by_people))
        return pairs


class CampaignForm(forms.Form):
    name = forms.CharField(max_length=120)
    scope = forms.ChoiceField(label="Pairs", choices=Scope.choices, initial=Scope.UNJUDGED)
    limit = forms.IntegerField(
        label="At most", required=False, min_value=1, help_text="How many pairs; empty takes all of them."
    )
    seed = forms.IntegerField(
        label="Shuffle with seed",
        required=False,
        initial=0,
        min_value=0,
        max_value=2**62,
        help_text="The same seed gives the same order; empty keeps the order of import.",
    )
    overlap = forms.IntegerField(
        label="People per pair",
        initial=1,
        min_value=1,
        max_value=9,
        help_text="1 to 9. Each pair gets exactly this many answers; agreement needs at least 2.",
    )
    lease_seconds = forms.IntegerField(
        label="Lease in seconds",
        initial=900,
        min_value=10,
        max_value=86_400,
        help_text="How long a pair is kept for a person who does not answer before others may get it.",
    )
    guidelines = forms.CharField(
        required=False,
        initial=GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Markdown. Annotators read it with one key; you can change it at any time.",
    )

    def campaign(self, project: Project) -> dict[str, Any]:
        """The arguments of `campaign_create`; call on a valid form."""
        data = dict(self.cleaned_data)
        pairs = Scope(data.pop("scope")).pairs(project)
        order = Campaign.Order.ID if data["seed"] is None else Campaign.Order.RANDOM
        return {**data, "order": order, "pairs": pairs}


class GuidelineForm(forms.Form):
    text = forms.CharField(
        label="Guidelines",
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="Markdown. Saving makes the next version; earlier answers keep the one they were shown.",
    )


class AnswerFilterForm(forms.Form):
    """The answers of a campaign, narrowed to a person or an outcome."""

    outcome = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any outcome"),
            *((value, label) for value, label in Judgment.Outcome.choices if value != "withdrawn"),
        ],
    )

    def __init__(self, data: Any, *, people: list[tuple[int, str]]) -> None:
        super().__init__(data)
        choices: list[tuple[str | int, str]] = [("", "Anyone"), *people]
        self.fields["person"] = forms.ChoiceField(required=False, choices=choices)

    def narrowing(self) -> dict[str, Any]:
        """What to narrow to; an unknown value narrows nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
