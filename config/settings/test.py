"""For the suite: `tests/conftest.py` has started the engines and set DATABASE_URL and REDIS_URL
before this is read."""

from config import environment
from config.settings.base import *  # noqa: F403  settings files extend each other by name

DEBUG = False
LOOPBACK_ONLY = True
if environment.text(
    "PYTEST_VERSION", ""
):  # type checkers read this file too, and know no package of ours called tests
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.ledger.scratch"]  # models for the tests of the record  # noqa: F405
SECRET_KEY = "only-for-tests-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "content.localhost"]
SITE_URL = "http://testserver"
CONTENT_HOST = "content.localhost"
DATABASES = {
    "default": environment.database(
        environment.text("DATABASE_URL", "postgresql://postgres@/asclaimed")
    )
}
REDIS_URL = environment.text("REDIS_URL", "redis://127.0.0.1:1/0")
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# tests/system/test_entry_points.py sets the limits that it reaches
ACCOUNT_RATE_LIMITS = False
PAGE_SETTLE_SECONDS = 0.0  # tests/reports/test_page_cache.py waits
SECOND_FACTOR_REQUIRED = False  # tests/accounts/test_second_factor.py demands it
ACCOUNT_REAUTHENTICATION_REQUIRED = False  # tests/accounts/test_reauthentication.py demands it
KEY_GUESSES = EXPENSIVE_READS = FILED_MAX_SUBMISSIONS = 1_000_000
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LANGUAGE_CODE = "en"
S3_BUCKET = ""  # the tests that want one start a server of their own
# No static files are collected for the suite; without this each client warns that there are none.
WHITENOISE_AUTOREFRESH = True
