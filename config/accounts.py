"""How allauth behaves here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no type information
    """Sign-up is closed unless the operator opens it, or the visitor came with an invitation that holds."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN) or is_invited(request)


def is_invited(request: HttpRequest) -> bool:
    from curation.models import Invitation  # allauth loads this module while the models are still loading
    from curation.services.invitation_accept import SESSION_KEY

    came_with = request.session.get(SESSION_KEY)
    if came_with is None:
        return False
    return Invitation.objects.usable(timezone.now()).filter(token_hash=came_with).exists()
