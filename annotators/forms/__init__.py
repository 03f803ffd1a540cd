"""What people may send to the pages of this app."""

from annotators.forms.answers import AnswerFilterForm
from annotators.forms.campaigns import CampaignForm
from annotators.forms.edits import CampaignEditForm
from annotators.forms.guidelines import GUIDELINES, GuidelineForm
from annotators.forms.pairs import PairChoiceForm

__all__ = [
    "GUIDELINES",
    "AnswerFilterForm",
    "CampaignEditForm",
    "CampaignForm",
    "GuidelineForm",
    "PairChoiceForm",
]
