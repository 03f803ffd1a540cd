"""Invitations by link: owners make and withdraw them, whoever has one joins."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from curation.algorithms.fingerprints import sha256_hex
from curation.errors import CurationError
from curation.forms.invitations import InvitationForm
from curation.models import Invitation, User
from curation.policies import owner_access
from curation.services.invitation_accept import SESSION_KEY, membership_standing
from curation.services.invitation_accept import invitation_accept as accept
from curation.services.invitation_create import invitation_create as create
from curation.services.invitation_revoke import invitation_revoke as revoke
from curation.views.members import member_page

GONE = {
    Invitation.State.REVOKED: 404,  # as for a link that never was
    Invitation.State.USED_UP: 410,
    Invitation.State.EXPIRED: 410,
}


@login_required
@require_POST
@never_cache
def invitation_create(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation and show its link, this once."""
    access = owner_access(request, slug)
    form = InvitationForm(request.POST, auto_id="invite_%s")
    if not form.is_valid():
        return member_page(request, access, invite=form)
    invitation, secret = create(project=access.project, user=access.user, **form.cleaned_data)
    link = request.build_absolute_uri(reverse("curation:invitation", args=[secret]))
    context = {"access": access, "invitation": invitation, "link": link}
    return render(request, "curation/invitation_made.html", context)


@login_required
@require_POST
def invitation_revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = owner_access(request, slug)
    invitation = get_object_or_404(Invitation, pk=pk, project=access.project)
    try:
        revoke(invitation=invitation)
    except CurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "That link lets nobody else in. Whoever came by it stays a member.")
    return redirect("curation:member-list", slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Where a link leads: the secret in it is what gives access."""
    found = Invitation.objects.select_related("project").filter(token_hash=sha256_hex(token)).first()
    if found is None:
        return render(request, "curation/invitation_closed.html", {"state": "unknown"}, status=404)
    user = request.user
    if isinstance(user, User) and membership_standing(found, user):
        messages.info(request, f"You are in {found.project} already.")
        return redirect("curation:project-detail", slug=found.project.slug)
    if found.state != Invitation.State.OPEN:
        context = {"state": found.state.value}
        return render(request, "curation/invitation_closed.html", context, status=GONE[found.state])
    if isinstance(user, User):
        return _join(request, found, user)
    if request.method == "POST":
        return redirect_to_login(request.path)
    request.session[SESSION_KEY] = found.token_hash
    return render(request, "curation/invitation.html", {"invitation": found})


def _join(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    if request.method != "POST":
        return render(request, "curation/invitation.html", {"invitation": found})
    try:
        membership = accept(invitation=found, user=user)
    except CurationError as error:
        messages.error(request, str(error))
        return redirect(request.path)
    role = membership.get_role_display().lower()
    messages.success(request, f"You are in {found.project} now, as {role}.")
    return redirect("curation:project-detail", slug=found.project.slug)
