"""The form that changes a campaign which exists, running or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms

from annotators.errors import CampaignError
from annotators.forms.fields import Group, bound
from annotators.forms.settings import CHOSEN, RunningFields, settings_initial
from annotators.models import Campaign
from annotators.task_words import task_form_words
from curation.models import User

CHANGES = (
    "name", "overlap_cap", "lease_seconds", "gold_share", "daily_goal", "break_after_minutes", "mask_words",
    "names_shown",
)  # fmt: skip


@dataclass(frozen=True)
class Fixed:
    """A setting that stays as it was made, and why."""

    setting: str
    value: str
    why: str


def fixed_settings(campaign: Campaign) -> list[Fixed]:
    order = str(campaign.get_order_display())
    if campaign.order == Campaign.Order.UNCERTAINTY:
        order += f", {campaign.control_share:.0%} control arm"
    asked = "; ".join(task_form_words(campaign.task))
    return [
        Fixed("Pairs", f"{campaign.n_pairs:,}", "Agreement, progress and the order are about this set."),
        Fixed(
            "What is asked",
            asked[:1].upper() + asked[1:],
            "Answers to different questions cannot be counted together.",
        ),
        Fixed(
            "People per pair",
            str(campaign.overlap),
            "Pairs answered before and after would weigh differently. The cap above can go up.",
        ),
        Fixed("Order", order, "Places are drawn once; what was answered so far followed them."),
        Fixed(
            "Qualification round",
            f"{campaign.qualification_size} pairs" if campaign.qualification_size else "none",
            "Everybody has to pass the same one.",
        ),
        Fixed(
            "Masking",
            "on" if campaign.mask_identity else "off",
            "Some would have judged blind and others not. The words above can change.",
        ),
    ]


class CampaignEditForm(RunningFields):
    """People who have opened a pair stay: their answers are theirs. Others can be added and taken out."""

    def __init__(self, data: Any = None, *, campaign: Campaign) -> None:
        self.campaign = campaign
        self.at_work = list(campaign.participations.filter(n_opened__gt=0).select_related("user"))
        stay = frozenset(person.user_id for person in self.at_work)
        initial = settings_initial(campaign)
        initial["participants"] = [pk for pk in initial["participants"] if pk not in stay]
        super().__init__(data, initial={**initial, "name": campaign.name})
        self.people_from(campaign.project, without=stay)
        if campaign.task.kind == "ranking":
            del self.fields["gold_share"]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.campaign.project.campaigns.filter(name=name).exclude(pk=self.campaign.pk).exists():
            raise forms.ValidationError(
                f"This project already has a campaign named “{name}”. Choose another name."
            )
        return name

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        if data.get("who") == CHOSEN and not data.get("participants") and not self.at_work:
            self.add_error("participants", "Choose at least one person, or let every member take part.")
        return data

    def refuse(self, error: CampaignError) -> None:
        """Put what the service said beside its field."""
        self.add_error(error.field if error.field in self.fields else None, str(error))

    def changes(self) -> dict[str, Any]:
        """The arguments of `campaign_update`; call on a valid form."""
        data = self.cleaned_data
        return {
            **{name: data[name] for name in CHANGES if name in data},
            "invited_only": data["who"] == CHOSEN,
            "participants": list(User.objects.filter(pk__in=data["participants"])),
        }

    def groups(self) -> list[Group]:
        gold = ["gold_share"] if "gold_share" in self.fields else []
        others = ["participants"] if list(self["participants"]) else []
        return [
            Group("", bound(self, ["name"])),
            Group("People", bound(self, ["overlap_cap", "lease_seconds", "who", *others])),
            Group("Pace and checks", bound(self, [*gold, "daily_goal", "break_after_minutes"])),
            Group("What is hidden", bound(self, ["mask_words", "names_shown"])),
        ]
