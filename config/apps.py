from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The site itself: settings checks, base templates, static files, process commands."""

    name = "config"
    label = "site"

    def ready(self) -> None:
        from config import checks  # noqa: F401 -- registers the system checks
