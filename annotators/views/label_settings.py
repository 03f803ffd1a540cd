"""How a person likes the labelling page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from annotators.errors import KeyMapError
from annotators.keymap import ACTIONS, keys_parse
from annotators.models import LabelSettings
from annotators.services.label_settings_save import SWITCHES, label_settings_save
from annotators.services.label_settings_save import label_switch as switch
from curation.policies import Access, member_access


@login_required
def label_settings(request: HttpRequest, slug: str) -> HttpResponse:
    """My keys and switches; an empty field is the usual key."""
    access = member_access(request, slug)
    settings = LabelSettings.objects.filter(user=access.user).first() or LabelSettings(user=access.user)
    if request.method != "POST":
        return settings_page(request, access, settings, settings.keys)
    typed = {} if "reset" in request.POST else {a.name: request.POST.get(a.name, "") for a in ACTIONS}
    switches = {name: name in request.POST for name in SWITCHES}
    try:
        label_settings_save(user=access.user, keys=keys_parse(typed), switches=switches)
    except KeyMapError as error:
        unsaved = LabelSettings(user=access.user, **switches)
        return settings_page(request, access, unsaved, typed, error)
    messages.success(request, "Your labelling settings are saved.")
    back = request.POST.get("back", "")
    if back.isascii() and back.isdigit() and len(back) < 19:
        return redirect("annotators:label", slug=slug, campaign_pk=int(back))
    return redirect("annotators:label-settings", slug=slug)


@login_required
@require_POST
def label_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """One switch, set from the labelling page."""
    access = member_access(request, slug)
    switch(user=access.user, switches={name: on == "on" for name, on in request.POST.items()})
    return HttpResponse(status=204)


def settings_page(
    request: HttpRequest,
    access: Access,
    settings: LabelSettings,
    keys: dict[str, str],
    error: KeyMapError | None = None,
) -> HttpResponse:
    back = request.POST.get("back") or request.GET.get("back", "")
    context = {
        "access": access,
        "settings": settings,
        "error": error,
        "back": int(back) if back.isascii() and back.isdigit() and len(back) < 19 else None,
        "rows": [
            {
                "action": action,
                "value": keys.get(action.name, ""),
                "wrong": error is not None and error.action == action.name,
            }
            for action in ACTIONS
        ],
    }
    return render(request, "annotators/label_settings.html", context, status=400 if error else 200)
