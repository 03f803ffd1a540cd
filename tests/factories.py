"""Test data. Alice owns, Rita researches, Rob reviews, Anna annotates, Charlie is an outsider."""

from __future__ import annotations

import hashlib
from typing import Any

import factory
from factory.django import DjangoModelFactory

from curation.algorithms.fingerprints import messages_fingerprint
from curation.models import (
    Judgment,
    Membership,
    Pair,
    Project,
    Prompt,
    Rater,
    Response,
    Sampler,
    User,
)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password("pass-phrase-1")


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    name = factory.Sequence(lambda n: f"Project {n}")
    slug = factory.Sequence(lambda n: f"project-{n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    project = factory.SubFactory(ProjectFactory)
    user = factory.SubFactory(UserFactory)
    role = "annotator"


class PromptFactory(DjangoModelFactory[Prompt]):
    class Meta:
        model = Prompt

    project = factory.SubFactory(ProjectFactory)
    messages = factory.Sequence(lambda n: [{"role": "user", "content": f"Question {n}?"}])
    fingerprint = factory.LazyAttribute(lambda prompt: messages_fingerprint(prompt.messages))
    category = "general"


class SamplerFactory(DjangoModelFactory[Sampler]):
    class Meta:
        model = Sampler

    project = factory.SubFactory(ProjectFactory)
    model_name = "tiny"
    backend = "transformers"
    fingerprint = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())


class ResponseFactory(DjangoModelFactory[Response]):
    class Meta:
        model = Response

    prompt = factory.SubFactory(PromptFactory)
    sampler = factory.SubFactory(SamplerFactory, project=factory.SelfAttribute("..prompt.project"))
    sample_index = factory.Sequence(int)
    text = factory.Sequence(lambda n: f"Answer number {n}.")
    text_hash = factory.LazyAttribute(lambda r: hashlib.sha256(r.text.encode()).hexdigest())
    finish_reason = "stop"


class PairFactory(DjangoModelFactory[Pair]):
    class Meta:
        model = Pair

    prompt = factory.SubFactory(PromptFactory)
    response_a = factory.SubFactory(ResponseFactory, prompt=factory.SelfAttribute("..prompt"))
    response_b = factory.SubFactory(ResponseFactory, prompt=factory.SelfAttribute("..prompt"))


class RaterFactory(DjangoModelFactory[Rater]):
    class Meta:
        model = Rater

    project = factory.SubFactory(ProjectFactory)
    kind = "judge"
    label = factory.Sequence(lambda n: f"rater {n}")


class JudgmentFactory(DjangoModelFactory[Judgment]):
    class Meta:
        model = Judgment

    pair = factory.SubFactory(PairFactory)
    rater = factory.SubFactory(RaterFactory, project=factory.SelfAttribute("..pair.prompt.project"))
    left = "a"
    outcome = "preferred"
    preference = 2
    source = "import"


def person_rater(user: User, project: Project, **extra: Any) -> Rater:
    return RaterFactory(kind="person", user=user, project=project, label=user.username, **extra)
