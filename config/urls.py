"""Every URL of the site. Each app lists its own, grouped by resource."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
