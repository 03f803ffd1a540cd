"""Step 4 by people. Everything lives under p/<slug>/."""

from __future__ import annotations

from django.urls import URLPattern, path

from annotators.views import campaigns, label_settings, labelling

app_name = "annotators"

# campaigns/…
campaign_urls: list[URLPattern] = [
    path("p/<slug:slug>/campaigns/", campaigns.campaign_list, name="campaign-list"),
    path("p/<slug:slug>/campaigns/new/", campaigns.campaign_create, name="campaign-create"),
    path("p/<slug:slug>/campaigns/<int:pk>/", campaigns.campaign_detail, name="campaign-detail"),
    path("p/<slug:slug>/campaigns/<int:pk>/start/", campaigns.campaign_start, name="campaign-start"),
    path("p/<slug:slug>/campaigns/<int:pk>/pause/", campaigns.campaign_pause, name="campaign-pause"),
    path("p/<slug:slug>/campaigns/<int:pk>/close/", campaigns.campaign_close, name="campaign-close"),
    path("p/<slug:slug>/campaigns/<int:pk>/guidelines/", campaigns.guideline_edit, name="guideline-edit"),
    path("p/<slug:slug>/campaigns/<int:pk>/answers/", campaigns.campaign_answers, name="campaign-answers"),
]

# work/, label/…
label_urls: list[URLPattern] = [
    path("p/<slug:slug>/work/", labelling.work, name="work"),
    path("p/<slug:slug>/label/<int:campaign_pk>/", labelling.label, name="label"),
    path("p/<slug:slug>/label/assignments/<int:pk>/answer/", labelling.answer, name="answer"),
    path("p/<slug:slug>/label/<int:campaign_pk>/undo/", labelling.undo, name="undo"),
    path("p/<slug:slug>/label/<int:campaign_pk>/next/", labelling.label_next, name="label-next"),
    path("p/<slug:slug>/label/assignments/<int:pk>/keep/", labelling.label_keep, name="label-keep"),
    path("p/<slug:slug>/label/assignments/<int:pk>/diff/", labelling.label_diff, name="label-diff"),
    path("p/<slug:slug>/label/settings/", label_settings.label_settings, name="label-settings"),
    path("p/<slug:slug>/label/switch/", label_settings.label_switch, name="label-switch"),
]

urlpatterns = [*campaign_urls, *label_urls]
