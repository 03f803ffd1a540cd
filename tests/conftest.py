"""The people every access test meets."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from curation.models import Project, User
from tests.factories import MembershipFactory, ProjectFactory, UserFactory


@dataclass
class People:
    """Everyone with a stake in `project`, and Charlie, who has a project of his own only."""

    project: Project
    alice: User  # owner
    rita: User  # researcher
    rob: User  # reviewer
    anna: User  # annotator
    charlie: User  # outsider

    def client(self, name: str) -> Client:
        """A logged-in browser for the named person; `anonymous` for none."""
        client = Client()
        if name != "anonymous":
            client.force_login(getattr(self, name))
        return client


@pytest.fixture
def people(db: None) -> People:
    project = ProjectFactory(name="Helpfulness", slug="helpfulness")
    roles = {"alice": "owner", "rita": "researcher", "rob": "reviewer", "anna": "annotator"}
    users = {name: UserFactory(username=name) for name in [*roles, "charlie"]}
    for name, role in roles.items():
        MembershipFactory(project=project, user=users[name], role=role)
    MembershipFactory(project=ProjectFactory(slug="elsewhere"), user=users["charlie"], role="owner")
    return People(project=project, **users)
