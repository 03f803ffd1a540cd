"""Step 4 by people: campaigns, who is shown what, and how good the answers are."""

from annotators.models.assignments import Assignment, ImpliedJudgment
from annotators.models.campaigns import Campaign, CampaignPair, Guideline
from annotators.models.gold import GoldPair
from annotators.models.participations import LabelSettings, Participation
from annotators.models.reports import QualityReport
from annotators.models.reviews import Review

__all__ = [
    "Assignment",
    "Campaign",
    "CampaignPair",
    "GoldPair",
    "Guideline",
    "ImpliedJudgment",
    "LabelSettings",
    "Participation",
    "QualityReport",
    "Review",
]
