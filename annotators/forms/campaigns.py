"""The form that makes a campaign."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BoundField

from annotators.errors import CampaignError
from annotators.forms.fields import Group, bound
from annotators.forms.guidelines import GUIDELINES
from annotators.forms.pairs import PairFields
from annotators.forms.settings import CHOSEN, FixedFields, RunningFields, settings_initial
from annotators.forms.tasks import TaskFields, task_initial
from annotators.models import Campaign, GoldPair
from annotators.task_presets import PRESETS
from curation.models import Project, User

SETTINGS = (
    "overlap", "overlap_cap", "lease_seconds", "order", "seed", "control_share", "gold_share",
    "qualification_size", "qualification_pass", "daily_goal", "break_after_minutes", "mask_identity",
    "mask_words", "names_shown",
)  # fmt: skip


class CampaignForm(PairFields, TaskFields, RunningFields, FixedFields):
    """Everything `campaign_create` takes, on one page that works without JavaScript."""

    preset = forms.ChoiceField(
        label="Start from",
        required=False,
        choices=[("", "An empty form"), *((preset.key, preset.name) for preset in PRESETS)],
        help_text="Fills in the parts below; everything can be changed after.",
    )
    guidelines = forms.CharField(
        required=False,
        initial=GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="Markdown. Annotators read it with one key; you can change it at any time.",
    )

    def __init__(self, data: Any = None, *, project: Project, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.project = project
        self.choices_from(project)
        self.people_from(project)

    @classmethod
    def like(cls, campaign: Campaign) -> CampaignForm:
        """A form filled with another campaign's settings; its pairs are chosen anew."""
        current = campaign.guidelines.first()
        initial = {
            **settings_initial(campaign),
            **task_initial(campaign.task),
            "name": f"{campaign.name[:110]} (next)",
            "guidelines": current.text if current else "",
        }
        return cls(project=campaign.project, initial=initial)

    def as_typed(self) -> CampaignForm:
        """The form with what was typed so far, before anybody says what is wrong with it."""
        typed = {name: self[name].value() for name in self.fields}
        return CampaignForm(project=self.project, initial=typed)

    def with_preset(self) -> CampaignForm:
        """As typed, but for the chosen preset's parts in place of the ones there."""
        typed = {name: self[name].value() for name in self.fields}
        chosen = next((preset for preset in PRESETS if preset.key == typed["preset"]), None)
        return CampaignForm(
            project=self.project, initial=typed | (task_initial(chosen.form) if chosen else {})
        )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.project.campaigns.filter(name=name).exists():
            raise forms.ValidationError(
                f"This project already has a campaign named “{name}”. Choose another name."
            )
        return name

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        cap, overlap = data.get("overlap_cap"), data.get("overlap")
        if cap is not None and overlap is not None and cap < overlap:
            self.add_error("overlap_cap", f"The cap cannot be below the {overlap} people of each pair.")
        if data.get("who") == CHOSEN and not data.get("participants"):
            self.add_error("participants", "Choose at least one person, or let every member take part.")
        self._clean_gold(data)
        return data

    def _clean_gold(self, data: dict[str, Any]) -> None:
        asked = [name for name in ("gold_share", "qualification_size") if data.get(name)]
        if not asked:
            return
        if data.get("kind") == "ranking":
            words = "Gold is about one pair, so a ranking cannot use it. Set this to 0."
        elif not GoldPair.objects.filter(project=self.project, retired_at=None).exists():
            words = "This project has no gold pairs yet. Mark some first, or set this to 0."
        else:
            return
        for name in asked:
            self.add_error(name, words)

    def refuse(self, error: CampaignError) -> None:
        """Put what the service said beside its field."""
        self.add_error(error.field if error.field in self.fields else None, str(error))

    def campaign(self) -> dict[str, Any]:
        """The arguments of `campaign_create`; call on a valid form."""
        data = self.cleaned_data
        return {
            **{name: data[name] for name in SETTINGS},
            "name": data["name"],
            "pairs": self.matching(self.project),
            "limit": data["limit"],
            "form": data["task"],
            "guidelines": data["guidelines"],
            "invited_only": data["who"] == CHOSEN,
            "participants": list(User.objects.filter(pk__in=data["participants"])),
        }

    @property
    def wrong_fields(self) -> list[BoundField]:
        return [field for field in self if field.errors]

    # ── how the page lays it out ─────────────────────────────────────────────

    def pair_group(self) -> Group:
        return Group("Pairs", bound(self, self.pair_names), "Every filter narrows. Empty ones do not.")

    def groups(self) -> list[Group]:
        return [
            Group(
                "People",
                bound(self, ["overlap", "overlap_cap", "lease_seconds", "who", "participants"]),
                "How many are asked about each pair, and who they are.",
            ),
            Group(
                "Order",
                bound(self, ["order", "seed", "control_share"]),
                "Which pairs come first. Sides are always drawn at random, once, and balanced.",
            ),
            Group(
                "Checks",
                bound(self, ["gold_share", "qualification_size", "qualification_pass"]),
                "Annotators cannot tell a gold pair from any other.",
            ),
            Group("Pace", bound(self, ["daily_goal", "break_after_minutes"])),
            Group("What is hidden", bound(self, ["mask_identity", "mask_words", "names_shown"])),
        ]
