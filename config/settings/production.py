"""A public installation. Everything comes from the environment; unsafe combinations are refused by
`config.checks` at start."""

from urllib.parse import urlsplit

from config import environment
from config.settings.base import *  # noqa: F403  settings files extend each other by name
from config.settings.base import KEYS_DIR, TRUSTED_PROXIES

DEBUG = False

#: The address that people type, `https://` and a host. Pages, reports and mails carry it.
SITE_URL = environment.text("SITE_URL").rstrip("/")
_HOST = urlsplit(SITE_URL).hostname or ""
#: The host from which untrusted files are served. It must share no registrable domain with
#: SITE_URL, so that a script in such a file reaches nothing of ours. The proxy in front passes it
#: on to the same processes.
CONTENT_HOST = environment.text("CONTENT_HOST")
#: Host names that may be asked for besides CONTENT_HOST, comma-separated.
#: Default: the host of SITE_URL.
ALLOWED_HOSTS = [
    *environment.words("ALLOWED_HOSTS", _HOST),
    urlsplit(f"//{CONTENT_HOST}").hostname or "",
]
#: What stands in front of the web server and takes whole bodies and answers off slow connections:
#: `nginx` (with the configuration of this guide) or `ours` (`python -m config.buffering`, behind
#: Caddy, a load balancer or any other proxy that ends TLS).
BUFFERING_PROXY = environment.text("BUFFERING_PROXY")
#: What the record is called in its signed checkpoints, such as `record.example/log`. It can never
#: change afterwards.
LEDGER_ORIGIN = environment.text("LEDGER_ORIGIN")
#: Django's signing key. Default: generated once into KEYS_DIR/django, which every process must
#: share then.
SECRET_KEY = environment.text("SECRET_KEY", "") or environment.secret(KEYS_DIR / "django")

#: PostgreSQL, `postgresql://user:password@host:port/name`. The role of the application, not the
#: owner (see Roles).
DATABASES = {"default": environment.database(environment.text("DATABASE_URL"))}
#: The broker, `redis://` or `rediss://`: append-only file on, `maxmemory-policy noeviction`.
REDIS_URL = environment.text("REDIS_URL")
CELERY_BROKER_URL = environment.broker(REDIS_URL)
#: The cache, `redis://` or `rediss://`: another server than the broker, which may evict.
CACHES = {"default": environment.cache(environment.text("CACHE_URL"))}

#: The mail server: `smtps://user:password@host:465`, or `smtp://…:587` for STARTTLS.
vars().update(environment.mail(environment.text("EMAIL_URL")))
#: The sender of mails.
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Cookies only over TLS, for this very host:
# the __Host- prefix makes browsers refuse any that are not.
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
SIGNED_IN_COOKIE_NAME = "__Host-signed-in"
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [
    r"^healthz$",
    r"^readyz$",
    r"^metrics$",
]  # asked over plain HTTP from inside
SECURE_HSTS_SECONDS = 63_072_000  # two years
#: Whether browsers are told to use TLS for every subdomain of the site's host too, for two years,
#: and may learn so beforehand (preload). Only where all of them are yours and have TLS.
HSTS_SUBDOMAINS = environment.boolean("HSTS_SUBDOMAINS", False)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HSTS_SUBDOMAINS
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # they ask for it everywhere

ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
