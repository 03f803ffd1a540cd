"""Step 4 by people. Everything lives under p/<slug>/."""

from __future__ import annotations

from django.urls import URLPattern, path

from annotators.views import campaigns, gold, labelling, quality

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
]

# gold/…
gold_urls: list[URLPattern] = [
    path("p/<slug:slug>/gold/", gold.gold_list, name="gold-list"),
    path("p/<slug:slug>/gold/unanimous/", gold.gold_unanimous, name="gold-unanimous"),
    path("p/<slug:slug>/gold/<int:pk>/", gold.gold_detail, name="gold-detail"),
    path("p/<slug:slug>/gold/<int:pk>/retire/", gold.gold_retire, name="gold-retire"),
    path("p/<slug:slug>/gold/<int:pk>/restore/", gold.gold_restore, name="gold-restore"),
    path("p/<slug:slug>/pairs/<int:pk>/gold/", gold.gold_create, name="gold-create"),
]

# agreement/…, campaigns/<pk>/quality/, campaigns/<pk>/people/<user_pk>/…
quality_urls: list[URLPattern] = [
    path("p/<slug:slug>/agreement/", quality.agreement, name="agreement"),
    path("p/<slug:slug>/agreement/build/", quality.agreement_build, name="agreement-build"),
    path("p/<slug:slug>/agreement/differ/", quality.agreement_differ, name="agreement-differ"),
    path("p/<slug:slug>/agreement/help/", quality.agreement_help, name="agreement-help"),
    path("p/<slug:slug>/campaigns/<int:pk>/quality/", quality.campaign_quality, name="campaign-quality"),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/quality/build/",
        quality.campaign_quality_build,
        name="campaign-quality-build",
    ),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/people/<int:user_pk>/pause/",
        quality.participation_pause,
        name="participation-pause",
    ),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/people/<int:user_pk>/resume/",
        quality.participation_resume,
        name="participation-resume",
    ),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/people/<int:user_pk>/retry/",
        quality.participation_retry,
        name="participation-retry",
    ),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/people/<int:user_pk>/admit/",
        quality.participation_admit,
        name="participation-admit",
    ),
]

urlpatterns = [*campaign_urls, *label_urls, *gold_urls, *quality_urls]
