"""Every URL of the site. Each app lists its own, grouped by resource."""

from importlib.util import find_spec

from django.urls import include, path

from curation.views.projects import home

APPS = ("curation", "annotators", "judges", "trainer_bridge")

urlpatterns = [
    path("", home, name="home"),
    *(path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")),
    path("accounts/", include("allauth.urls")),
]
