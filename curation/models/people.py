"""Who works here: users, projects, and the role each has in each."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import ManyToManyField
from django.utils import timezone

from curation.querysets import InvitationQuerySet, MembershipQuerySet, ProjectQuerySet


class User(AbstractUser):
    """A person who can log in."""

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    RESEARCHER = "researcher", "Researcher"
    REVIEWER = "reviewer", "Reviewer"
    ANNOTATOR = "annotator", "Annotator"


class Project(models.Model):
    """One body of preference data; everything but users belongs to exactly one."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    description = models.TextField(blank=True)
    members: ManyToManyField[User, Membership] = ManyToManyField(
        User, through="Membership", related_name="projects"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once_per_project"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.project}"


class Invitation(models.Model):
    """A link that makes whoever follows it a member. Only the hash of its secret is kept."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        REVOKED = "revoked", "Withdrawn"
        USED_UP = "used_up", "Used up"
        EXPIRED = "expired", "Expired"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Role)
    note = models.CharField(max_length=120, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    max_uses = models.PositiveIntegerField(default=1)
    n_uses = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(n_uses__lte=models.F("max_uses")), name="invitation_uses_bounded"
            ),
            # A link can leak, so it never makes an owner.
            models.CheckConstraint(
                condition=models.Q(role__in=[Role.RESEARCHER, Role.REVIEWER, Role.ANNOTATOR]),
                name="invitation_role_known",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation to {self.project} as {self.get_role_display()}"

    @property
    def state(self) -> State:
        """Whether the link still lets somebody in, and if not, why."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.n_uses >= self.max_uses:
            return self.State.USED_UP
        return self.State.EXPIRED if self.expires_at <= timezone.now() else self.State.OPEN
