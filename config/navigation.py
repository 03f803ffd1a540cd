"""The project's navigation: which sections there are, who sees each, and which pages belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import ResolverMatch, reverse

from curation.models import Role
from curation.policies import EVERYONE, OWNERS, RESEARCHERS, REVIEWERS, Access


@dataclass(frozen=True)
class Section:
    """`nouns` are the first words of the URL names that belong to it: `prompt-detail` → `prompt`."""

    label: str
    url_name: str
    roles: frozenset[Role]
    nouns: frozenset[str]


@dataclass(frozen=True)
class NavLink:
    label: str
    url: str
    current: str  # the value of aria-current: "page" for the section's own page, "true" below it


SECTIONS = (
    Section("Overview", "curation:project-detail", REVIEWERS, frozenset({"project"})),
    Section("My work", "annotators:work", EVERYONE, frozenset({"work", "label", "answer", "undo"})),
    Section(
        "Prompts",
        "curation:prompt-list",
        REVIEWERS,
        frozenset({"prompt", "import", "generate", "cleaning"}),
    ),
    Section("Pairs", "curation:pair-list", REVIEWERS, frozenset({"pair"})),
    Section("Scores", "training:score-list", RESEARCHERS, frozenset({"score", "scoring"})),
    Section(
        "Campaigns",
        "annotators:campaign-list",
        REVIEWERS,
        frozenset({"campaign", "guideline", "participation"}),
    ),
    Section("Reviews", "annotators:review-list", REVIEWERS, frozenset({"review"})),
    Section("Agreement", "annotators:agreement", RESEARCHERS, frozenset({"agreement", "gold", "rater"})),
    Section("Judges", "judges:judge-list", RESEARCHERS, frozenset({"judge", "judging", "rubric", "verdict"})),
    Section("Recipes", "curation:recipe-list", RESEARCHERS, frozenset({"recipe"})),
    Section("Datasets", "curation:dataset-list", REVIEWERS, frozenset({"dataset", "export", "format"})),
    Section("Runs", "training:run-list", RESEARCHERS, frozenset({"run"})),
    Section("Models", "training:model-list", RESEARCHERS, frozenset({"model"})),
    Section("Evaluations", "training:evaluation-list", RESEARCHERS, frozenset({"evaluation"})),
    Section("Jobs", "training:job-list", RESEARCHERS, frozenset({"job"})),
    Section("Members", "curation:member-list", OWNERS, frozenset({"member", "invitation"})),
)


def project_links(access: Access, match: ResolverMatch | None) -> list[NavLink]:
    """The sections this member may open, with the one they are in marked."""
    slug = access.project.slug
    return [
        NavLink(section.label, reverse(section.url_name, kwargs={"slug": slug}), _current(section, match))
        for section in SECTIONS
        if access.role in section.roles
    ]


def _current(section: Section, match: ResolverMatch | None) -> str:
    if match is None or match.url_name is None:
        return ""
    if match.view_name == section.url_name:
        return "page"
    # A recipe's run is `curation:run-detail`, a training run is `training:run-detail`.
    if match.view_name == "curation:run-detail":
        return "true" if section.label == "Recipes" else ""
    return "true" if match.url_name.split("-")[0] in section.nouns else ""
