"""The data, in flow order: people, prompts, responses, pairs, judgments, scores, dataset versions."""

from curation.models.datasets import (
    DatasetRow,
    DatasetVersion,
    DroppedPair,
    Export,
    FilterRecipe,
    RecipeRun,
)
from curation.models.judgments import Consensus, ConsensusBuild, Judgment, Rater, RaterExclusion
from curation.models.pairs import Pair
from curation.models.people import Invitation, Membership, Project, Role, User
from curation.models.prompts import ImportIssue, Prompt, PromptImport
from curation.models.responses import Response, Sampler
from curation.models.scores import PairScore, ScoreProducer

__all__ = [
    "Consensus",
    "ConsensusBuild",
    "DatasetRow",
    "DatasetVersion",
    "DroppedPair",
    "Export",
    "FilterRecipe",
    "ImportIssue",
    "Invitation",
    "Judgment",
    "Membership",
    "Pair",
    "PairScore",
    "Project",
    "Prompt",
    "PromptImport",
    "Rater",
    "RaterExclusion",
    "RecipeRun",
    "Response",
    "Role",
    "Sampler",
    "ScoreProducer",
    "User",
]
