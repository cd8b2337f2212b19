"""The demonstration: on loopback, with engines of its own, a company that is ours, and clocks that
run fast."""

from datetime import timedelta
from urllib.parse import urlsplit

from config import environment, logs
from config.settings.base import *  # noqa: F403  settings files extend each other by name
from config.settings.base import DATA_DIR, KEYS_DIR
from demo.embedded import Postgres, Valkey

DEBUG = False
LOOPBACK_ONLY = True
SECOND_FACTOR_REQUIRED = False  # the logins of the demonstration are printed on the screen
ACCOUNT_REAUTHENTICATION_REQUIRED = False
SITE_URL = environment.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
CONTENT_HOST = f"content.localhost:{urlsplit(SITE_URL).port or 8000}"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "content.localhost"]
SECRET_KEY = environment.secret(KEYS_DIR / "django")

# `python -m demo` starts the engines at these very addresses, so that manage.py finds them while
# the demo runs.
DATABASES = {
    "default": environment.database(
        environment.text("DATABASE_URL", "") or Postgres(DATA_DIR / "postgres").url
    )
}
REDIS_URL = environment.text("REDIS_URL", "") or Valkey(DATA_DIR / "valkey").url
CELERY_BROKER_URL = environment.broker(REDIS_URL)
CACHES = {"default": environment.cache("")}

DEMO_DIR = DATA_DIR / "demo"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DEMO_DIR / "mail"
DEFAULT_FROM_EMAIL = "record@asclaimed.localhost"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING = logs.configuration(level=environment.text("LOG_LEVEL", "INFO"), machine=False)
WHITENOISE_USE_FINDERS = (
    True  # Served from where they are written: nothing to collect before the site is up.
)

#: Demo only. Hosts that are looked at on loopback, as `host:port=address:port`, comma-separated:
#: the company of the demonstration.
FETCH_LOCAL = environment.mapping("FETCH_LOCAL")
WATCH_EVERY = timedelta(seconds=2)
DISAPPEARANCE_SPREAD = timedelta(seconds=4)
SUSPECT_SPREAD = timedelta(seconds=4)
REPLY_WINDOW = timedelta(seconds=10)

# A worker that was killed is missed within seconds.
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
JOBS_LEASE = timedelta(seconds=10)
JOBS_BACKOFF = timedelta(seconds=1)
JOBS_RESEND = timedelta(seconds=3)
