"""Who is in a project, and as what."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from curation.errors import CurationError
from curation.forms.invitations import InvitationForm
from curation.forms.members import MemberAddForm, MemberRoleForm
from curation.models import Invitation, Membership, Role
from curation.policies import Access, owner_access
from curation.services.membership_manage import membership_add, membership_change, membership_remove

INVITATIONS_SHOWN = 50  # the newest


@login_required
def member_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = owner_access(request, slug)
    return member_page(request, access)


@require_POST
@login_required
def member_add(request: HttpRequest, slug: str) -> HttpResponse:
    access = owner_access(request, slug)
    form = MemberAddForm(request.POST)
    if form.is_valid():
        try:
            membership = membership_add(project=access.project, **form.cleaned_data)
        except CurationError as error:
            form.add_error("identifier", str(error))
        else:
            role = membership.get_role_display().lower()
            messages.success(request, f"{membership.user} is now in the project, as {role}.")
            return redirect("curation:member-list", slug=slug)
    return member_page(request, access, add=form)


@require_POST
@login_required
def member_change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = owner_access(request, slug)
    membership = get_object_or_404(Membership, pk=pk, project=access.project)
    form = MemberRoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such role. Choose one from the list.")
        return redirect("curation:member-list", slug=slug)
    try:
        membership_change(membership=membership, role=form.cleaned_data["role"])
    except CurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user} is now {membership.get_role_display().lower()}.")
    stepped_down = membership.user_id == access.user.pk and membership.role != Role.OWNER
    return redirect("curation:project-detail" if stepped_down else "curation:member-list", slug=slug)


@login_required
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = owner_access(request, slug)
    membership = get_object_or_404(Membership.objects.select_related("user"), pk=pk, project=access.project)
    if request.method != "POST":
        context = {"access": access, "membership": membership}
        return render(request, "curation/member_remove.html", context)
    try:
        membership_remove(membership=membership)
    except CurationError as error:
        messages.error(request, str(error))
        return redirect("curation:member-list", slug=slug)
    messages.success(request, f"{membership.user} is no longer in {access.project}. What they wrote stays.")
    if membership.user_id == access.user.pk:
        return redirect("home")
    return redirect("curation:member-list", slug=slug)


def member_page(
    request: HttpRequest,
    access: Access,
    *,
    add: MemberAddForm | None = None,
    invite: InvitationForm | None = None,
) -> HttpResponse:
    members = Membership.objects.filter(project=access.project).select_related("user")
    page = Paginator(members, 50).get_page(request.GET.get("page"))
    invitations = Invitation.objects.filter(project=access.project).select_related("created_by")
    context = {
        "access": access,
        "page": page,
        "form": add or MemberAddForm(),
        "invite_form": invite or InvitationForm(auto_id="invite_%s"),
        "roles": Role.choices,
        "invitations": invitations[:INVITATIONS_SHOWN],
    }
    return render(request, "curation/member_list.html", context)
