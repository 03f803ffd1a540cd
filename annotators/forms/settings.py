"""The settings of a campaign: those that may change while it runs, and those fixed when it is made."""

from __future__ import annotations

from typing import Any

from django import forms

from annotators.forms.fields import PercentField
from annotators.models import Campaign
from annotators.models.campaigns import MAX_OVERLAP
from curation.models import Project

EVERYONE, CHOSEN = "everyone", "chosen"


class RunningFields(forms.Form):
    """What may change while people are at work."""

    name = forms.CharField(max_length=120, help_text="Annotators see it under “My work”.")
    overlap_cap = forms.IntegerField(
        label="At most, where they disagree",
        required=False,
        min_value=1,
        max_value=MAX_OVERLAP,
        help_text="One more person is asked at a time, up to this many. Empty never asks more.",
    )
    lease_seconds = forms.IntegerField(
        label="Lease in seconds",
        initial=900,
        min_value=10,
        max_value=86_400,
        help_text="How long a pair is kept for a person who does not answer before others may get it.",
    )
    who = forms.ChoiceField(
        label="Who takes part",
        choices=[(EVERYONE, "Every member of the project"), (CHOSEN, "Only the people chosen here")],
        initial=EVERYONE,
        widget=forms.RadioSelect,
    )
    participants = forms.TypedMultipleChoiceField(
        label="People",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="They take part from the start. Others can be added later.",
    )
    gold_share = PercentField(
        label="Gold pairs, in percent",
        initial=0.0,
        max_value=50,
        help_text="Pairs whose answer is known, mixed in unseen. 5 is usual; 0 mixes in none.",
    )
    daily_goal = forms.IntegerField(
        label="Daily goal",
        required=False,
        min_value=1,
        max_value=100_000,
        help_text="Answers a day that each person sees as their goal. Empty sets none.",
    )
    break_after_minutes = forms.IntegerField(
        label="Suggest a break after, in minutes",
        required=False,
        initial=50,
        min_value=1,
        max_value=600,
        help_text="Of work without one. Empty suggests none.",
    )
    mask_words = forms.CharField(
        label="Words to mask",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One a line, such as a model's name. Empty uses the list that Tiebreak ships.",
    )
    names_shown = forms.BooleanField(
        label="Reviewers see who said what",
        required=False,
        help_text="Off, they see “Person 1”, “Person 2”. Researchers always see names.",
    )

    def people_from(self, project: Project, *, without: frozenset[int] = frozenset()) -> None:
        """Offer the members of the project as participants."""
        members = project.memberships.select_related("user").order_by("user__username")
        old = self.fields["participants"]
        self.fields["participants"] = forms.TypedMultipleChoiceField(
            label=old.label,
            coerce=int,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=old.help_text,
            choices=[
                (member.user_id, f"{member.user} ({member.get_role_display().lower()})")
                for member in members
                if member.user_id not in without
            ],
        )


class FixedFields(forms.Form):
    """What is fixed when the campaign is made: a change would mix answers that mean different things."""

    overlap = forms.IntegerField(
        label="People per pair",
        initial=1,
        min_value=1,
        max_value=MAX_OVERLAP,
        help_text="1 to 9. Each pair gets exactly this many answers; agreement needs at least 2.",
    )
    order = forms.ChoiceField(
        choices=Campaign.Order.choices,
        initial=Campaign.Order.RANDOM,
        help_text="Uncertain first: pairs nobody judged or with a small margin come before clear ones.",
    )
    seed = forms.IntegerField(
        required=False,
        initial=0,
        min_value=0,
        max_value=2**62,
        help_text="The same seed gives the same order.",
    )
    control_share = PercentField(
        label="Control arm, in percent",
        initial=0.1,
        help_text="With “Uncertain first”: pairs at random places, to tell what the order does.",
    )
    qualification_size = forms.IntegerField(
        label="Qualification round",
        initial=0,
        min_value=0,
        max_value=200,
        help_text="Gold pairs that each person answers first, with feedback. 0 asks for none.",
    )
    qualification_pass = PercentField(
        label="Pass mark, in percent", initial=0.8, help_text="How many of them must be right."
    )
    mask_identity = forms.BooleanField(
        label="Mask what gives a model away",
        required=False,
        initial=True,
        help_text="“As ChatGPT…” is shown as “As ▒▒▒…”; the stored text stays as it is.",
    )


def settings_initial(campaign: Campaign) -> dict[str, Any]:
    """What the fields of both forms hold for a campaign, but its name."""
    names = (*RunningFields.base_fields, *FixedFields.base_fields)
    kept = {name: getattr(campaign, name) for name in names if hasattr(campaign, name)}
    people = campaign.participations.values_list("user_id", flat=True)
    who = CHOSEN if campaign.invited_only else EVERYONE
    return {**kept, "who": who, "participants": list(people), "seed": campaign.seed}
