"""Every URL of the site. Each app lists its own, grouped by resource."""

from django.urls import include, path

from curation.views.projects import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("curation.urls")),
    path("", include("annotators.urls")),
    path("", include("judges.urls")),
    path("", include("trainer_bridge.urls")),
    path("accounts/", include("allauth.urls")),
]
