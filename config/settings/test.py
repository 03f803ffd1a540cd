"""The test suite: real PostgreSQL, tasks run in-process unless a test starts a worker."""

import os

from config.settings.base import *  # noqa: F403 -- settings modules extend each other by design
from config.settings.base import STORAGES, make_dirs
from config.settings.env import VAR_DIR

SECRET_KEY = "only-for-tests"  # noqa: S105 -- signs nothing outside the test database
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
CELERY_TASK_ALWAYS_EAGER = os.environ.get("TIEBREAK_TEST_REAL_BROKER") != "1"
CELERY_TASK_EAGER_PROPAGATES = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
TEST_ROOT = VAR_DIR / "test" / os.environ.get("PYTEST_XDIST_WORKER", "main")
MEDIA_ROOT = TEST_ROOT / "files"
JOBS_ROOT = TEST_ROOT / "jobs"
EXPORTS_ROOT = TEST_ROOT / "exports"
FILE_UPLOAD_TEMP_DIR = TEST_ROOT / "uploads"
make_dirs(MEDIA_ROOT, JOBS_ROOT, EXPORTS_ROOT, FILE_UPLOAD_TEMP_DIR)
