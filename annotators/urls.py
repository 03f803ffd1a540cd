"""Step 4 by people. Everything lives under p/<slug>/."""

from __future__ import annotations

from django.urls import URLPattern, path

from annotators.views import (
    answers,
    campaign_forms,
    campaigns,
    gold,
    guidelines,
    history,
    label_settings,
    labelling,
    people,
    quality,
    reviews,
)

app_name = "annotators"

# campaigns/…
campaign_urls: list[URLPattern] = [
    path("p/<slug:slug>/campaigns/", campaigns.campaign_list, name="campaign-list"),
    path("p/<slug:slug>/campaigns/new/", campaign_forms.campaign_create, name="campaign-create"),
    path("p/<slug:slug>/campaigns/new/count/", campaign_forms.campaign_count, name="campaign-count"),
    path("p/<slug:slug>/campaigns/<int:pk>/", campaigns.campaign_detail, name="campaign-detail"),
    path("p/<slug:slug>/campaigns/<int:pk>/edit/", campaign_forms.campaign_edit, name="campaign-edit"),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/preview/", campaign_forms.campaign_preview, name="campaign-preview"
    ),
    path("p/<slug:slug>/campaigns/<int:pk>/start/", campaigns.campaign_start, name="campaign-start"),
    path("p/<slug:slug>/campaigns/<int:pk>/pause/", campaigns.campaign_pause, name="campaign-pause"),
    path("p/<slug:slug>/campaigns/<int:pk>/close/", campaigns.campaign_close, name="campaign-close"),
    path("p/<slug:slug>/campaigns/<int:pk>/guidelines/", guidelines.guideline_edit, name="guideline-edit"),
    path("p/<slug:slug>/campaigns/<int:pk>/answers/", answers.campaign_answers, name="campaign-answers"),
    path(
        "p/<slug:slug>/campaigns/<int:pk>/answers.csv",
        answers.campaign_answers_csv,
        name="campaign-answers-csv",
    ),
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

# reviews/…
review_urls: list[URLPattern] = [
    path("p/<slug:slug>/reviews/", reviews.review_list, name="review-list"),
    path("p/<slug:slug>/campaigns/<int:pk>/reviews/", reviews.campaign_reviews, name="review-list"),
    path("p/<slug:slug>/reviews/summary/", reviews.review_summary, name="review-summary"),
    path("p/<slug:slug>/reviews/<int:pk>/", reviews.review_detail, name="review-detail"),
    path("p/<slug:slug>/reviews/<int:pk>/decide/", reviews.review_decide, name="review-decide"),
    path("p/<slug:slug>/reviews/<int:pk>/return/", reviews.review_return, name="review-return"),
    path("p/<slug:slug>/reviews/<int:pk>/reopen/", reviews.review_reopen, name="review-reopen"),
]

# campaigns/<pk>/people/…
people_urls: list[URLPattern] = [
    path("p/<slug:slug>/campaigns/<int:pk>/people/", people.campaign_people, name="campaign-people"),
    path("p/<slug:slug>/campaigns/<int:pk>/people/add/", people.participation_add, name="participation-add"),
    path("p/<slug:slug>/campaigns/<int:pk>/times.csv", people.campaign_times, name="campaign-times"),
]

# work/history/, work/me/, label/assignments/<pk>/edit/
own_urls: list[URLPattern] = [
    path("p/<slug:slug>/work/history/", history.work_history, name="work-history"),
    path("p/<slug:slug>/work/me/", history.work_me, name="work-me"),
    path("p/<slug:slug>/label/assignments/<int:pk>/edit/", history.answer_edit, name="answer-edit"),
]

urlpatterns = [
    *campaign_urls,
    *label_urls,
    *gold_urls,
    *quality_urls,
    *review_urls,
    *people_urls,
    *own_urls,
]
