"""Every setting of Plaque, from the environment; what is not set has an embedded default.

Embedded (nothing set): SQLite, a Celery broker that is a folder, local files, all under
`PLAQUE_DATA` (default `var/`). The real thing: DATABASE_URL, CELERY_BROKER_URL, PLAQUE_S3_BUCKET.
"""

import logging
import math
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from webapp.broker import QUEUE, SERVER_OPTIONS, folder_broker
from webapp.machine import memory_bytes
from webapp.production import unsafe_settings

ROOT = Path(__file__).resolve().parent.parent


def flag(name: str, *, default: bool) -> bool:
    """This will read a yes/no setting; anything but 1, true, yes, on counts as no."""
    return os.environ.get(name, str(default)).lower() in {"1", "true", "yes", "on"}


def words(name: str) -> list[str]:
    """This will read a comma-separated setting; empty when it is not set."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def malformed(name: str, wanted: str) -> ImproperlyConfigured:
    """The refusal of a setting that cannot be read, without its value, which may be a secret."""
    return ImproperlyConfigured(f"{name} cannot be read: it must be {wanted}.")


def number(name: str, *, default: float) -> float:
    """This will read a number, 0 or more; empty counts as not set. Raises ImproperlyConfigured."""
    try:
        value = float(os.environ.get(name) or default)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise malformed(name, f"a number, 0 or more, such as {default:g}")
    return value


def whole(name: str, *, default: int) -> int:
    """This will read a whole number, 0 or more; empty counts as not set. Raises as `number`."""
    text = os.environ.get(name) or str(default)
    if not text.strip().isdecimal():
        raise malformed(name, f"a whole number, 0 or more, such as {default}")
    return int(text)


# --- Where things are kept ------------------------------------------------------------------------

DATA = Path(os.environ.get("PLAQUE_DATA", ROOT / "var")).resolve()
DATA.mkdir(parents=True, exist_ok=True)

PRODUCTION = flag("PLAQUE_PRODUCTION", default=False)
ALLOWED_IN_PRODUCTION = words("PLAQUE_ALLOW")
DEBUG = False


def secret_key() -> str:
    """This will return PLAQUE_SECRET_KEY; embedded, a key made once and kept with the data."""
    key = os.environ.get("PLAQUE_SECRET_KEY", "")
    if key or PRODUCTION:
        return key
    kept = DATA / "secret-key"
    if not kept.exists():
        draft = DATA / f"secret-key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        try:
            os.link(draft, kept)  # whoever is first wins; the others read the winner's key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return kept.read_text()


SECRET_KEY = secret_key()
SECRET_KEY_FALLBACKS = words("PLAQUE_OLD_SECRET_KEYS")  # until nothing is signed with them
ALLOWED_HOSTS = words("PLAQUE_HOSTS") or ([] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = words("PLAQUE_ORIGINS")

try:
    DATABASES = {
        "default": dj_database_url.config(
            default=f"sqlite:///{DATA / 'plaque.sqlite3'}", conn_max_age=60, conn_health_checks=True
        )
    }
except ValueError:
    wanted = "an address such as postgres://user:password@host/name"
    raise malformed("DATABASE_URL", wanted) from None
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait for a writer; a writer waits its turn instead of failing. NORMAL survives
    # a killed process; what a power cut may cost is said in the README.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    # Compiling a query takes longer than the longest of ours.
    chosen = "-c lock_timeout=20s -c jit=off"
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", chosen)

# What the web processes share: counted attempts, used one-time codes.
CACHE_URL = os.environ.get("PLAQUE_CACHE_URL")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}
        if CACHE_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # nobody's count is pushed out by others'
        }
    )
}

S3_BUCKET = os.environ.get("PLAQUE_S3_BUCKET")
STORAGES = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": os.environ.get("PLAQUE_S3_ENDPOINT") or None,
                "file_overwrite": False,
            },
        }
        if S3_BUCKET
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": DATA / "files", "base_url": None},
        }
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- The worker -----------------------------------------------------------------------------------

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem://"):
    CELERY_BROKER_TRANSPORT_OPTIONS = folder_broker(DATA / "broker")
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = SERVER_OPTIONS
CELERY_BROKER_CONNECTION_TIMEOUT = 4
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = QUEUE
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_BROKER_HEARTBEAT = 0  # a job outlasts it; the job row's own heartbeat is what counts
FAST = flag("PLAQUE_FAST", default=False)  # bfloat16 where it has proved itself
METHODS = DATA / "methods"  # weights and coefficients that were made here, a folder a method
TRAININGS = DATA / "trainings"  # what trainings under way go on from, a folder each
# A worker that has not said for this long that it works on a job is taken for dead.
JOB_LEASE_SECONDS = number("PLAQUE_JOB_LEASE_SECONDS", default=15)
JOB_SWEEP_SECONDS = 5.0
JOB_ATTEMPTS = 3
# Workers on this machine share its cores and its memory.
WORKERS = max(1, whole("PLAQUE_WORKERS", default=1))
WORKER_THREADS = whole("PLAQUE_WORKER_THREADS", default=0) or max(
    1, (os.cpu_count() or 1) // WORKERS
)
# A job that takes longer, or more memory, ends as failed and says so.
JOB_SECONDS_MOST = 60 * number("PLAQUE_JOB_MINUTES", default=60)
JOB_BYTES_MOST = int(
    1024**3 * number("PLAQUE_JOB_MEMORY_GB", default=0) or 0.75 * memory_bytes() / WORKERS
)
TRAINING_SECONDS_MOST = 3600 * number("PLAQUE_TRAINING_HOURS", default=72)
JOB_GRACE_SECONDS = 10.0  # for a job over a limit to stop by itself, before its process is ended
WORKER_SEEN_SECONDS = 30

# --- What is installed ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "webapp",
    "accounts",
    "segmentation",
    "rating",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "django_vite",
]

MIDDLEWARE = [
    "webapp.logs.RequestLogMiddleware",
    "webapp.limits.LargestRequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "webapp.headers.HeadersMiddleware",
    "webapp.limits.ReadableAddressMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.SlidingSessionMiddleware",
    "accounts.clock.TimeZoneMiddleware",
    "webapp.access.AccessMiddleware",
]

ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.tz",
                "webapp.views.navigation",
            ]
        },
    }
]

# --- People ---------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
# Five wrong passwords lock an account for this long, wherever they come from.
LOCKOUT_MINUTES = 5
ACCOUNT_RATE_LIMITS = {
    "login_failed": f"20/m/ip,5/{LOCKOUT_MINUTES}m/key",
    "invite": "20/m/user",
    "accept_invitation": "20/m/ip",
}
# How many proxies of ours stand in front. Each adds the address that it heard to X-Forwarded-For;
# whatever else that header holds was written by the client and counts for nothing.
ALLAUTH_TRUSTED_PROXY_COUNT = whole("PLAQUE_PROXIES", default=0)
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
ACCOUNT_FORMS = {"reset_password": "accounts.forms.ForgottenPasswordForm"}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # whoever has no account gets no mail from here
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Plaque] "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
MFA_ADAPTER = "accounts.adapter.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Plaque"
MFA_TOTP_TOLERANCE = 1  # clocks differ by up to half a minute
MFA_ALLOW_UNVERIFIED_EMAIL = True
LOGIN_REDIRECT_URL = "/"
MESSAGE_TAGS = {message_levels.SUCCESS: "ok", message_levels.ERROR: "danger"}

# --- Mail -----------------------------------------------------------------------------------------

# Embedded, mails are written to the terminal. In production those links would lie in logs.
EMAIL_URL = os.environ.get("PLAQUE_EMAIL_URL", "")
MAIL_WORKS = bool(EMAIL_URL) or not PRODUCTION
EMAIL_BACKEND = "django.core.mail.backends." + (
    "smtp.EmailBackend"
    if EMAIL_URL
    else "dummy.EmailBackend"
    if PRODUCTION
    else "console.EmailBackend"
)
try:
    mail_server = urlsplit(EMAIL_URL)
    mail_port = mail_server.port
except ValueError:
    wanted = "an address such as smtp+starttls://user:password@host:587"
    raise malformed("PLAQUE_EMAIL_URL", wanted) from None
EMAIL_HOST = mail_server.hostname or ""
EMAIL_USE_SSL = mail_server.scheme == "smtps"
EMAIL_USE_TLS = mail_server.scheme == "smtp+starttls"
EMAIL_PORT = mail_port or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = unquote(mail_server.username or "")
EMAIL_HOST_PASSWORD = unquote(mail_server.password or "")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("PLAQUE_EMAIL_FROM", "plaque@localhost")

# What rating must hide of a case (blinding) is a rule that segmentation asks without knowing it.
CASES_HIDDEN_FROM = "rating.queries.blinding.cases_hidden_from"
# And so is who rates in a cohort, whose sign-ins its coordinators may see.
RATERS_IN_COHORT = "rating.queries.roles.raters_in_cohort"
# And so is what would have nobody left when a coordinator leaves.
STUDIES_LEFT_ALONE = "rating.queries.roles.studies_left_alone"
# And so is what somebody has left to delineate.
SHARES_LEFT_OPEN = "rating.queries.reference.shares_left_open"

# --- The API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # Who may do what is one table, held by webapp.access for pages and API alike.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["webapp.parsing.FiniteJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "webapp.answering.OneForm",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNICODE_JSON": False,  # what cannot be encoded is escaped, in refusals too
    "EXCEPTION_HANDLER": "webapp.errors.answer",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plaque",
    "DESCRIPTION": "Judge and improve automatic delineations of MS lesions on FLAIR MRI.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webapp.schema.add_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "JobState": "segmentation.models.InferenceJob.State",
        "StudyState": "rating.models.Study.State",
        "ReadingState": ["ready", "waiting", "finished", "closed", "left"],
        "AmendmentKind": "rating.models.Amendment.Kind",
        "MarkKind": "rating.models.Mark.Kind",
        "EditKind": "segmentation.models.Edit.Kind",
        "ExampleKind": "rating.models.ExampleSlice.Kind",
        "DotChoice": "rating.models.DotDecision.Choice",
        "TaskState": ["ready", "open", "submitted", "others", "interval", "closed"],
        "AssignmentState": ["open", "finished", "closed"],
    },
}

# --- Pages ----------------------------------------------------------------------------------------

STATIC_URL = "static/"
# For collectstatic in production; elsewhere files come from where they were made.
STATIC_ROOT = DATA / "static" if PRODUCTION else None
STATICFILES_DIRS = [folder for folder in [ROOT / "frontend" / "dist"] if folder.exists()]
DJANGO_VITE = {"default": {"manifest_path": ROOT / "frontend" / "dist" / ".vite" / "manifest.json"}}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "en"
TIME_ZONE = os.environ.get("PLAQUE_TIME_ZONE") or "UTC"
try:
    ZoneInfo(TIME_ZONE)
except (KeyError, ValueError, OSError):
    raise malformed("PLAQUE_TIME_ZONE", "the name of a zone, such as Europe/Berlin") from None
USE_TZ = True
USE_I18N = False

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
# A login ends when its person has done nothing for this long (accounts.sessions renews it).
SESSION_COOKIE_AGE = round(3600 * number("PLAQUE_SESSION_HOURS", default=2))
CSRF_FAILURE_VIEW = "webapp.errors.page_outdated"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
# A hospital's name does not belong on the browsers' public preload list.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
# Everything comes from here and nothing is inline. The viewer keeps its font as a data: image.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024**2
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FILES = 20
# All files of one case together, as they arrive.
UPLOAD_MAX_BYTES = 512 * 1024**2

# --- The log --------------------------------------------------------------------------------------

# "json" for machines (production); "line" for a person at a terminal, told only what matters.
LOG_FORMAT = os.environ.get("PLAQUE_LOG_FORMAT", "json" if PRODUCTION else "line")
LOG_FORMAT = LOG_FORMAT if LOG_FORMAT == "json" else "line"
LOG_LEVEL = os.environ.get("PLAQUE_LOG_LEVEL") or "INFO"
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise malformed("PLAQUE_LOG_LEVEL", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL")
QUIET = "INFO" if LOG_FORMAT == "json" else "WARNING"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "webapp.logs.JsonLines"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "webapp.logs": {"level": QUIET},
        "celery": {"level": QUIET},
        "celery.worker.strategy": {"level": "WARNING"},  # every bell, whether it means work or not
        "celery.app.trace": {"level": "WARNING"},
        "gunicorn.error": {"level": QUIET, "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "CRITICAL"},
        # Django's: nobody gets mail, and no address of a request is written (webapp.logs does it).
        "django": {"handlers": []},
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
    },
}

# --- Last: nothing unsafe goes into production ----------------------------------------------------

if PRODUCTION and (
    unsafe := unsafe_settings(globals(), demonstration=DATA / "demonstration-accounts.json")
):
    raise ImproperlyConfigured(
        "Plaque does not start in production with unsafe settings:\n"
        + "\n".join(f"- {sentence}" for sentence in unsafe)
    )
