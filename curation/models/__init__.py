"""The data, in flow order: people, prompts, responses, pairs, judgments, scores, dataset versions."""

from curation.models.bias import BiasReport
from curation.models.cleaning import (
    CleaningReport,
    DuplicateMember,
    LanguageFinding,
    PatternFinding,
    PromptExclusion,
)
from curation.models.comparisons import DatasetComparison
from curation.models.datasets import (
    DatasetRow,
    DatasetVersion,
    DroppedPair,
    Export,
    FilterRecipe,
    RecipeRun,
)
from curation.models.embeddings import Embedder, PromptEmbedding, ResponseEmbedding
from curation.models.export_builds import ExportBuild
from curation.models.freezes import DatasetFreeze
from curation.models.hub import HubPush
from curation.models.judgments import Consensus, ConsensusBuild, Judgment, Rater, RaterExclusion
from curation.models.pairs import Pair
from curation.models.people import Invitation, Membership, Project, Role, User
from curation.models.prompts import ImportIssue, Prompt, PromptImport
from curation.models.responses import Response, Sampler
from curation.models.score_builds import ScoreBuild
from curation.models.scores import PairScore, ScoreProducer

__all__ = [
    "BiasReport",
    "CleaningReport",
    "Consensus",
    "ConsensusBuild",
    "DatasetComparison",
    "DatasetFreeze",
    "DatasetRow",
    "DatasetVersion",
    "DroppedPair",
    "DuplicateMember",
    "Embedder",
    "Export",
    "ExportBuild",
    "FilterRecipe",
    "HubPush",
    "ImportIssue",
    "Invitation",
    "Judgment",
    "LanguageFinding",
    "Membership",
    "Pair",
    "PairScore",
    "PatternFinding",
    "Project",
    "Prompt",
    "PromptEmbedding",
    "PromptExclusion",
    "PromptImport",
    "Rater",
    "RaterExclusion",
    "RecipeRun",
    "Response",
    "ResponseEmbedding",
    "Role",
    "Sampler",
    "ScoreBuild",
    "ScoreProducer",
    "User",
]
