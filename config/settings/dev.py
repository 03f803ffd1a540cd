"""One laptop, embedded services, the demo."""

import secrets

from config.settings.base import *  # noqa: F403 -- settings modules extend each other by design
from config.settings.base import SECRET_KEY, STORAGES, make_dirs
from config.settings.env import VAR_DIR, env


def local_secret_key() -> str:
    """A key of this checkout's own, kept so that sessions survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(50), encoding="utf-8")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8")


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = SECRET_KEY or local_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
WHITENOISE_USE_FINDERS = True
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT = VAR_DIR / "static"
make_dirs(STATIC_ROOT)
