"""Step 4 by people. Everything lives under p/<slug>/."""

from __future__ import annotations

from django.urls import URLPattern, path

from annotators.views import (
    answers,
    campaign_forms,
    campaigns,
    guidelines,
    history,
    label_settings,
    labelling,
    people,
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

urlpatterns = [*campaign_urls, *label_urls, *review_urls, *people_urls, *own_urls]
