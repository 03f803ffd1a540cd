"""Test data. Alice owns, Rita researches, Rob reviews, Anna annotates, Charlie is an outsider."""

from __future__ import annotations

import hashlib
from typing import Any, Generic, TypeVar, cast

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

T = TypeVar("T")


class UserMaker(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password("pass-phrase-1")


class ProjectMaker(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    name = factory.Sequence(lambda n: f"Project {n}")
    slug = factory.Sequence(lambda n: f"project-{n}")


class MembershipMaker(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    project = factory.SubFactory(ProjectMaker)
    user = factory.SubFactory(UserMaker)
    role = "annotator"


class PromptMaker(DjangoModelFactory[Prompt]):
    class Meta:
        model = Prompt

    project = factory.SubFactory(ProjectMaker)
    messages = factory.Sequence(lambda n: [{"role": "user", "content": f"Question {n}?"}])
    fingerprint = factory.LazyAttribute(lambda prompt: messages_fingerprint(prompt.messages))
    category = "general"


class SamplerMaker(DjangoModelFactory[Sampler]):
    class Meta:
        model = Sampler

    project = factory.SubFactory(ProjectMaker)
    model_name = "tiny"
    backend = "transformers"
    fingerprint = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())


class ResponseMaker(DjangoModelFactory[Response]):
    class Meta:
        model = Response

    prompt = factory.SubFactory(PromptMaker)
    sampler = factory.SubFactory(SamplerMaker, project=factory.SelfAttribute("..prompt.project"))
    sample_index = factory.Sequence(int)
    text = factory.Sequence(lambda n: f"Answer number {n}.")
    text_hash = factory.LazyAttribute(lambda r: hashlib.sha256(r.text.encode()).hexdigest())
    finish_reason = "stop"


class PairMaker(DjangoModelFactory[Pair]):
    class Meta:
        model = Pair

    prompt = factory.SubFactory(PromptMaker)
    response_a = factory.SubFactory(ResponseMaker, prompt=factory.SelfAttribute("..prompt"))
    response_b = factory.SubFactory(ResponseMaker, prompt=factory.SelfAttribute("..prompt"))


class RaterMaker(DjangoModelFactory[Rater]):
    class Meta:
        model = Rater

    project = factory.SubFactory(ProjectMaker)
    kind = "judge"
    label = factory.Sequence(lambda n: f"rater {n}")


class JudgmentMaker(DjangoModelFactory[Judgment]):
    class Meta:
        model = Judgment

    pair = factory.SubFactory(PairMaker)
    rater = factory.SubFactory(RaterMaker, project=factory.SelfAttribute("..pair.prompt.project"))
    left = "a"
    outcome = "preferred"
    preference = 2
    source = "import"


class Factory(Generic[T]):
    """A maker whose calls type as the model they return."""

    def __init__(self, maker: type[DjangoModelFactory[T]]) -> None:
        self._maker = maker

    def __call__(self, **fields: Any) -> T:
        return cast(T, self._maker.create(**fields))

    def create_batch(self, size: int, **fields: Any) -> list[T]:
        return cast(list[T], self._maker.create_batch(size, **fields))


UserFactory = Factory[User](UserMaker)
ProjectFactory = Factory[Project](ProjectMaker)
MembershipFactory = Factory[Membership](MembershipMaker)
PromptFactory = Factory[Prompt](PromptMaker)
SamplerFactory = Factory[Sampler](SamplerMaker)
ResponseFactory = Factory[Response](ResponseMaker)
PairFactory = Factory[Pair](PairMaker)
RaterFactory = Factory[Rater](RaterMaker)
JudgmentFactory = Factory[Judgment](JudgmentMaker)


def person_rater(user: User, project: Project, **extra: Any) -> Rater:
    return RaterFactory(kind="person", user=user, project=project, label=user.username, **extra)
