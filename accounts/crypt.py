"""Secrets that must be read again (second factors), unreadable in a stolen database."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"plaque second factor")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))


def _keys() -> MultiFernet:
    """The key of this installation first, then those that it had before."""
    return MultiFernet(
        [_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def encrypt(text: str) -> str:
    """This will encrypt with a key derived from the secret key."""
    return _keys().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """This will undo `encrypt`; raises `cryptography.fernet.InvalidToken` under another key."""
    return _keys().decrypt(text.encode()).decode()
