"""Data for a real site, made inside its own environment (tests/seeding.py)."""

from tests.seeds.basics import empty, imported, judgments, pairs, person, responses, world
from tests.seeds.campaigns import campaign, campaign_worked, disagreement, quality
from tests.seeds.datasets import cleaned, frozen
from tests.seeds.jobs import asking, sampling, scoring, training
from tests.seeds.rare import rare

__all__ = [
    "asking", "campaign", "campaign_worked", "cleaned", "disagreement", "empty", "frozen", "imported",
    "judgments", "pairs", "person", "quality", "rare", "responses", "sampling", "scoring", "training",
    "world",
]  # fmt: skip
