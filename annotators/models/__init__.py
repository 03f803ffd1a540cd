"""Step 4 by people: campaigns and who is shown what."""

from annotators.models.assignments import Assignment
from annotators.models.campaigns import Campaign, CampaignPair, Guideline

__all__ = ["Assignment", "Campaign", "CampaignPair", "Guideline"]
