"""Every setting of Plaque, from the environment; what is not set has an embedded default.

Embedded (nothing set): SQLite, a Celery broker that is a folder, local files, all under
`PLAQUE_DATA` (default `var/`). The real thing: DATABASE_URL, CELERY_BROKER_URL, PLAQUE_S3_BUCKET.
"""

import os
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

ROOT = Path(__file__).resolve().parent.parent


def flag(name: str, *, default: bool) -> bool:
    """This will read a yes/no setting; anything but 1, true, yes, on counts as no."""
    return os.environ.get(name, str(default)).lower() in {"1", "true", "yes", "on"}


def words(name: str) -> list[str]:
    """This will read a comma-separated setting; empty when it is not set."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


# --- Where things are kept ------------------------------------------------------------------------

DATA = Path(os.environ.get("PLAQUE_DATA", ROOT / "var")).resolve()
DATA.mkdir(parents=True, exist_ok=True)

PRODUCTION = flag("PLAQUE_PRODUCTION", default=False)
DEBUG = False


def secret_key() -> str:
    """This will return PLAQUE_SECRET_KEY; embedded, a key made once and kept with the data."""
    if key := os.environ.get("PLAQUE_SECRET_KEY"):
        return key
    if PRODUCTION:
        raise ImproperlyConfigured("PLAQUE_PRODUCTION needs PLAQUE_SECRET_KEY to be set.")
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
ALLOWED_HOSTS = words("PLAQUE_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = words("PLAQUE_ORIGINS")

DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{DATA / 'plaque.sqlite3'}", conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers never wait for a writer; a writer waits its turn instead of failing. NORMAL survives
    # a killed process; what a power cut may cost is said in the README.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }

S3_BUCKET = os.environ.get("PLAQUE_S3_BUCKET")
STORAGES = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": os.environ.get("PLAQUE_S3_ENDPOINT"),
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
    BROKER = DATA / "broker"
    for folder in ("queue", "done"):
        (BROKER / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER / "queue"),
        "data_folder_out": str(BROKER / "queue"),
        "control_folder": str(BROKER / "control"),
        "processed_folder": str(BROKER / "done"),
        "store_processed": False,
        "polling_interval": 0.2,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "plaque"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_HEARTBEAT = 0  # a job outlasts it; the job row's own heartbeat is what counts
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A worker that has not said for this long that it works on a job is taken for dead.
JOB_LEASE_SECONDS = float(os.environ.get("PLAQUE_JOB_LEASE_SECONDS", "15"))
JOB_SWEEP_SECONDS = 5.0
JOB_ATTEMPTS = 3

# --- What is installed ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "webapp",
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
    "rest_framework",
    "drf_spectacular",
    "django_vite",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
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
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "webapp.accounts.ClosedDoor"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# What rating must hide of a case (blinding) is a rule that segmentation asks without knowing it.
CASES_HIDDEN_FROM = "rating.queries.cases_under_reading"

# --- The API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    # Who may do what is one table, held by webapp.access for pages and API alike.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
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
    "ENUM_NAME_OVERRIDES": {
        "JobState": "segmentation.models.InferenceJob.State",
        "StudyState": "rating.models.Study.State",
        "ReadingState": ["ready", "waiting", "finished", "closed"],
    },
}

# --- Pages ----------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [folder for folder in [ROOT / "frontend" / "dist"] if folder.exists()]
DJANGO_VITE = {"default": {"manifest_path": ROOT / "frontend" / "dist" / ".vite" / "manifest.json"}}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False

LANGUAGE_CODE = "en"
TIME_ZONE = os.environ.get("PLAQUE_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = False

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024**2
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FILES = 20
# One uploaded file, as it arrives and once decompressed.
UPLOAD_MAX_BYTES = 512 * 1024**2
VOLUME_MAX_BYTES = 1024**3

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("PLAQUE_LOG_LEVEL", "INFO")},
}
