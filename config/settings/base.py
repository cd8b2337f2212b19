"""What holds everywhere. The environment is read here and in the files beside this one, nowhere
else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from config import environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent.parent
#: The folder of everything below that has no folder of its own.
DATA_DIR = environment.directory("DATA_DIR", BASE_DIR / "var")
#: The record's signing key, the master key of sealed fields, Django's key. Readable by the
#: application's user alone; backed up apart.
KEYS_DIR = environment.directory("KEYS_DIR", DATA_DIR / "keys")
#: The public log as files: checkpoint, tiles, entries.
LEDGER_DIR = environment.directory("LEDGER_DIR", DATA_DIR / "ledger")
#: Original bytes, write-once, under their SHA-256. Never served as they lie.
BLOBS_DIR = environment.directory("BLOBS_DIR", DATA_DIR / "blobs")
#: The bucket that holds the originals (see S3). BLOBS_DIR is a cache of it then. Credentials come
#: from the environment of the AWS SDK: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, a profile,
#: or the machine's role.
S3_BUCKET = environment.text("S3_BUCKET", "")
#: The address of a server that speaks S3, `https://host`. Unset: Amazon's.
S3_ENDPOINT = environment.text("S3_ENDPOINT", "")
#: The bucket's region. Unset: what the AWS SDK finds (`AWS_DEFAULT_REGION`),
#: or `us-east-1` with S3_ENDPOINT.
S3_REGION = environment.text("S3_REGION", "")
#: Pictures derived from originals; can be made again.
RENDITIONS_DIR = environment.directory("RENDITIONS_DIR", DATA_DIR / "renditions")
#: Built reports and snapshots; can be made again, to the byte.
REPORTS_DIR = environment.directory("REPORTS_DIR", DATA_DIR / "reports")
#: The documents of published verdicts, served to anyone as they lie.
PUBLISHED_DIR = environment.directory("PUBLISHED_DIR", DATA_DIR / "published")

# What is in these was written by one user, and has to stay writable for that user.
environment.refuse_another_user(
    KEYS_DIR, LEDGER_DIR, BLOBS_DIR, RENDITIONS_DIR, REPORTS_DIR, PUBLISHED_DIR
)

INSTALLED_APPS = [
    "ui",  # first: its templates stand above those of Django and allauth
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "ledger",  # before pgtrigger, whose command it replaces
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "template_partials",
    "accounts",  # before allauth, whose pages it has its own of
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "jobs",
    "notifications",
    "claims",
    "evidence",
    "verdicts",
    "reports",
    "config.apps.ConfigConfig",
]

MIDDLEWARE = [
    "config.request_ids.RequestIds",
    "config.verdict_fast_path.VerdictHeaders",
    "config.public_pages.PublicPages",
    "config.cross_origin.CrossOriginReads",
    "config.unavailable.UnavailableResponses",
    "config.statement_timeouts.StatementTimeouts",
    "config.inputs.ReadableInputs",
    "config.uploads.WholeBodiesOnly",
    "django.middleware.security.SecurityMiddleware",
    "config.content_host.ContentHost",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.compression.TextCompression",
    "config.private_responses.PrivateResponses",
    "config.signed_in_hint.SignedInHint",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.languages.Languages",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.inputs.ReadableForms",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.second_factor.SecondFactor",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            # Partials, kept once parsed, of the folders of the apps.
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [("django.template.loaders.cached.Loader", ["ui.loading.Loader"])],
                )
            ],
            "builtins": [
                "ui.templatetags.addresses",
                "ui.templatetags.display",
                "ui.templatetags.components",
                "accounts.templatetags.form_keys",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
# To pages that show messages and one's own links without a script, which public pages do not.
LOGIN_REDIRECT_URL = "accounts:account"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
}
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignUpForm"}
# Moderators, adjudicators, operators, auditors and companies' representatives do nothing without a
# second factor (off in demo and tests alone).
SECOND_FACTOR_REQUIRED = True
# Whoever changes an address, makes a key, gives or ends power or leaves proves anew that it is them
# (off in demo and tests alone).
ACCOUNT_REAUTHENTICATION_REQUIRED = True
MFA_ADAPTER = "accounts.second_factor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "activate_totp": "accounts.second_factor.EnrolForm",
    "authenticate": "accounts.second_factor.AuthenticateForm",
    "reauthenticate": "accounts.second_factor.ReauthenticateForm",
    "add_webauthn": "accounts.passkeys.AddForm",
    "edit_webauthn": "accounts.passkeys.RenameForm",
    "authenticate_webauthn": "accounts.passkeys.AuthenticateForm",
    "reauthenticate_webauthn": "accounts.passkeys.ReauthenticateForm",
    "login_webauthn": "accounts.passkeys.LoginForm",
}
MFA_TOTP_ISSUER = "AsClaimed"
MFA_TOTP_TOLERANCE = 1  # the code before and the one after: clocks differ, and people type slowly
MFA_RECOVERY_CODES_SHOW_ONCE = True
#: How many bytes of public pages a process of the web server keeps.
PAGE_CACHE_BYTES = environment.integer("PAGE_CACHE_BYTES", 64 * 1024 * 1024, least=0)
#: For how many seconds a shared cache in front (a CDN) may give a public page unasked: 0 to 60.
SHARED_CACHE_SECONDS = environment.integer("SHARED_CACHE_SECONDS", 0, least=0, most=60)
#: An address of the operator's own, which has the caches in front forget pages: it gets their
#: addresses as JSON when something is erased, withheld or withdrawn, and answers 2xx when that is
#: done. Unset: nobody is asked.
PURGE_URL = environment.text("PURGE_URL", "")
#: How long whoever hides something waits until no process gives a kept page with it any more.
PAGE_SETTLE_SECONDS = 0.3
#: How many wrong API keys an address may send in a minute before it is told to wait.
KEY_GUESSES = environment.integer("KEY_GUESSES", 30, least=1)
#: How many costly answers (searches, comparisons, pictures not yet made) an address may ask for in
#: a minute before it is told to wait.
EXPENSIVE_READS = environment.integer("EXPENSIVE_READS", 60, least=1)
#: How many seconds one statement of a request may take in the database.
REQUEST_STATEMENT_SECONDS = environment.integer("REQUEST_STATEMENT_SECONDS", 10, least=1)
#: How many seconds one statement of a search may take in the database.
SEARCH_SECONDS = environment.integer("SEARCH_SECONDS", 3, least=1)

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "ui" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
#: Where `manage.py collectstatic` writes.
STATIC_ROOT = environment.directory("STATIC_ROOT", DATA_DIR / "static")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Security: closed by default, in every environment. True in demo and tests alone: it lets
# `config.checks` pass what is safe only where no one else comes
LOOPBACK_ONLY = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
#: Readable by the script of public pages; it holds no identity (config/signed_in_hint.py).
SIGNED_IN_COOKIE_NAME = "signed-in"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "accounts.saved_forms.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 40
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "config.uploads.NamelessUploads",
]

# History rows: statement level, append-only, with the whole context in each row (no shared context
# row to fight over).
# ours is stronger and is put on by ledger (also against TRUNCATE, and for superusers' mistakes)
PGHISTORY_APPEND_ONLY = False
# triggers follow the models after every migrate (ledger.protection): in migrations they took 10 s
PGTRIGGER_MIGRATIONS = False

# Work: the broker is a doorbell and may lose everything; the truth is jobs.Job (docs/jobs.md says
# what each number is for).
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A job that runs while the broker goes away is finished all the same: a second message for it finds
# nothing to do. Cancelling it would cost one of its three attempts for a doorbell's sake.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30.0
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The visibility timeout is at least twice the hard time limit, in all three places where Celery
# looks for it: one alone has no effect (https://github.com/celery/celery/issues/7651).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "retry_on_timeout": True,
}
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
CELERY_VISIBILITY_TIMEOUT = 900
CELERY_TASK_DEFAULT_QUEUE = "tick"
JOBS_LEASE = timedelta(seconds=60)
JOBS_BACKOFF = timedelta(seconds=10)
JOBS_RESEND = timedelta(seconds=10)
JOBS_KEEP = timedelta(days=14)
JOBS_KEEP_PERIODIC = timedelta(hours=1)
JOBS_HEARTBEAT_LATE = timedelta(minutes=2)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.inputs.ReadableJSON"],
    "DEFAULT_PAGINATION_CLASS": "config.api.paging.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "accounts.api.strict.Schema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "config.api.problems.handle",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AsClaimed",
    "DESCRIPTION": "What companies said about their products beside what buyers got.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ProductKind": "claims.states.ProductKind",
        "ClaimKind": "claims.states.ClaimKind",
        "AspectKind": "claims.states.AspectKind",
        "FlagKind": "claims.states.FlagKind",
        "SightingKind": "evidence.sources.states.SightingKind",
        "ReportKind": "reports.models.ReportKind",
        "ClaimStatus": "claims.states.ClaimStatus",
        "ClaimProposalStatus": "claims.states.ClaimProposalStatus",
        "Affiliation": "evidence.exhibits.states.Affiliation",
        "SubmissionStatus": "evidence.exhibits.states.SubmissionStatus",
        "ExhibitStatus": "evidence.exhibits.states.ExhibitStatus",
        "DisappearanceStatus": "evidence.sources.states.DisappearanceStatus",
        "VerdictStatus": "verdicts.states.VerdictStatus",
        "ObservationResult": "evidence.sources.states.ObservationResult",
        "InterfaceLanguage": [("zh-Hans", "zh-Hans"), ("en", "en")],
    },
    "APPEND_COMPONENTS": {
        "schemas": {
            "Problem": {
                "type": "object",
                "description": "An error (RFC 9457), sent as application/problem+json.",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {"type": "object"},
                },
                "required": ["type", "title", "status", "detail"],
            }
        }
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.schema.with_problems",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
}

# What this installation is called in the signed record. It can never change once the first
# checkpoint is signed. (Production demands a name of its own.)
LEDGER_ORIGIN = environment.text("LEDGER_ORIGIN", "asclaimed.localhost/log")

# Looking at sources. Hosts that may stand on loopback: empty everywhere but in demo and tests.
FETCH_LOCAL: dict[str, str] = {}
FETCH_USER_AGENT = "AsClaimed/1 (+https://asclaimed.org/robots)"
DISAPPEARANCE_CONFIRMATIONS = 3
DISAPPEARANCE_SPREAD = timedelta(hours=6)
#: An answer that shares nothing with the version before it becomes a version when this many looks
#: over this time agree.
SUSPECT_CONFIRMATIONS = 3
SUSPECT_SPREAD = timedelta(hours=2)
WATCH_EVERY = timedelta(hours=1)
REPLY_WINDOW_DAYS = 10

# Limits of what people hand in.
EXHIBIT_MAX_BYTES = 40 * 1024 * 1024
SUBMISSION_MAX_EXHIBITS = 20
#: What one account may send ahead of its forms in a day: photos that are staged until the form is
#: handed in.
STAGED_MAX_PHOTOS = 100
STAGED_MAX_BYTES = 1024 * 1024 * 1024
STAGED_KEPT_FOR = timedelta(days=2)
#: How many submissions one account may file in a day.
FILED_MAX_SUBMISSIONS = environment.integer("FILED_MAX_SUBMISSIONS", 200, least=1)
#: How many bytes of photos one account may file in a day.
FILED_MAX_BYTES = environment.integer("FILED_MAX_BYTES", 4 * 1024 * 1024 * 1024, least=1)
#: How many claims one account may propose in a day.
PROPOSALS_PER_DAY = environment.integer("PROPOSALS_PER_DAY", 20, least=1)
#: How many claims somebody of a consumer group, laboratory or newsroom may propose in a day.
PROPOSALS_PER_DAY_FOR_GROUPS = environment.integer("PROPOSALS_PER_DAY_FOR_GROUPS", 500, least=1)
#: How long an original that no row names may lie, in case a filing is still on its way. Far longer
#: than any request.
ORPHANS_KEPT_FOR = timedelta(days=2)
FREE_SPACE_FLOOR = 512 * 1024 * 1024

# For operators.
#: The role that `manage.py ledger_roles` grants what the application needs,
#: when none is named to it.
DATABASE_APP_ROLE = environment.text("DATABASE_APP_ROLE", "")
#: Lets a scraper that is not on loopback read /metrics, as `Authorization: Bearer …`. Unset:
#: loopback only.
METRICS_TOKEN = environment.text("METRICS_TOKEN", "")
#: How many proxies of ours stand in front. 0: none, and forwarded headers are ignored. The
#: outermost must overwrite X-Forwarded-Proto, each must append to X-Forwarded-For.
TRUSTED_PROXIES = environment.integer("TRUSTED_PROXIES", 0)
BUFFERING_PROXY = "ours"  # in demo; production has to say
#: How far behind the sequencer may be, in seconds, before /readyz says so.
READY_LAG_SECONDS = environment.integer("READY_LAG_SECONDS", 60, least=1)
#: The least level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.
LOGGING = logs.configuration(level=environment.text("LOG_LEVEL", "INFO"))
