"""Settings that hold everywhere; dev, test and prod say what differs."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from django.contrib.messages import constants as message_levels
from kombu import Queue

from config.settings.env import BASE_DIR, VAR_DIR, env
from config.version import read_version

django_stubs_ext.monkeypatch()

VERSION = read_version(BASE_DIR / "CHANGELOG.md")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
AUTH_USER_MODEL = "curation.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

DEBUG = False
SECRET_KEY: str = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "config.apps.SiteConfig",
    "curation.apps.CurationConfig",
    "annotators.apps.AnnotatorsConfig",
    "judges.apps.JudgesConfig",
    "trainer_bridge.apps.TrainerBridgeConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_filters",
    "template_partials",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "trainer_bridge.context_processors.worker_status",
            ],
        },
    }
]

# ── data ─────────────────────────────────────────────────────────────────────
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///postgres")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
MIN_POSTGRESQL_VERSION = 15

MEDIA_ROOT = VAR_DIR / "files"
JOBS_ROOT = VAR_DIR / "jobs"
MODELS_ROOT = VAR_DIR / "models"
EXPORTS_ROOT = VAR_DIR / "exports"
# What previews of recipes read of a project; may be removed at any time.
SNAPSHOTS_ROOT = VAR_DIR / "snapshots"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=8 * 2**30)

# With a token, researchers may push dataset folders to the hub.
HF_TOKEN: str = env.str("HF_TOKEN", default="")
HF_ENDPOINT: str = env.str("HF_ENDPOINT", default="https://huggingface.co")

# ── work ─────────────────────────────────────────────────────────────────────
BROKER_URL: str = env.str("BROKER_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = BROKER_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# RabbitMQ closes the channel of a message that is not acknowledged within half an hour, as a long job's is
# not. The worker then connects anew, its job running on; the message comes again and finds the row claimed.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
# Jobs hold a slot of `cpu` or `gpu` for as long as they run. What the schedule sends must not wait behind
# them: it looks after them.
CELERY_TASK_QUEUES = [Queue("cpu"), Queue("gpu"), Queue("upkeep")]
CELERY_TASK_DEFAULT_QUEUE = "cpu"
CELERY_TASK_ROUTES = ["config.tasks.route"]
# Longer than any job: an early redelivery would only find the row already claimed.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 7 * 24 * 3600}
# Without a worker they would pile up ahead of the work itself. Clocks may differ by a minute or two.
BEAT_OPTIONS = {"expires": 300}
# How often lost work is looked for; jobs, which people watch, twice as often.
RECOVER_EVERY = timedelta(seconds=env.int("TIEBREAK_RECOVER_EVERY", default=30))
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "jobs-recover": {
        "task": "trainer_bridge.tasks.jobs_recover",
        "schedule": RECOVER_EVERY / 2,
        "options": BEAT_OPTIONS,
    },
    "imports-recover": {
        "task": "curation.tasks.imports_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "cleaning-recover": {
        "task": "curation.tasks.cleaning_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "quality-recover": {
        "task": "annotators.tasks.quality_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "runs-recover": {
        "task": "curation.tasks.runs_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "freezes-recover": {
        "task": "curation.tasks.freezes_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "bias-recover": {
        "task": "curation.tasks.bias_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "export-builds-recover": {
        "task": "curation.tasks.export_builds_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "comparisons-recover": {
        "task": "curation.tasks.comparisons_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "score-builds-recover": {
        "task": "curation.tasks.score_builds_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
    "hub-push-recover": {
        "task": "curation.tasks.hub_push_recover",
        "schedule": RECOVER_EVERY,
        "options": BEAT_OPTIONS,
    },
}

# The interpreter of the worker child processes that need torch; others run on this one.
ML_PYTHON: str = env.str("TIEBREAK_ML_PYTHON", default=str(BASE_DIR / ".venv-ml" / "bin" / "python"))
VLLM_PYTHON: str = env.str("TIEBREAK_VLLM_PYTHON", default=str(BASE_DIR / ".venv-vllm" / "bin" / "python"))
# A list of offensive words of the operator's own, UTF-8, one word or phrase a line; without it, English ones.
TOXIC_WORDS: str = env.str("TIEBREAK_TOXIC_WORDS", default="")
LAUNCH_BACKEND = "trainer_bridge.backends.local_process.LocalProcess"
JOB_HEARTBEAT_SECONDS = 3
JOB_LOST_AFTER_SECONDS = env.int("TIEBREAK_JOB_LOST_AFTER", default=45)
JOB_RESEND_AFTER_SECONDS = env.int("TIEBREAK_JOB_RESEND_AFTER", default=60)
JOB_MAX_ATTEMPTS = 4

# ── people ───────────────────────────────────────────────────────────────────
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", default="optional")
ACCOUNT_ADAPTER = "config.accounts.AccountAdapter"
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=False)
# Where the operator makes the accounts, nobody can lock another person's address with a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = not SIGNUP_OPEN
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
globals().update(**EMAIL_CONFIG)

# ── browser ──────────────────────────────────────────────────────────────────
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
MESSAGE_TAGS = {message_levels.ERROR: "error"}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}


def make_dirs(*paths: Path) -> None:
    for path in paths:
        path.mkdir(parents=True, exist_ok=True)


make_dirs(MEDIA_ROOT, JOBS_ROOT, MODELS_ROOT, EXPORTS_ROOT, FILE_UPLOAD_TEMP_DIR)
