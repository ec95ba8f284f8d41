"""Keys that open something: random, told once, kept as a hash only."""

import secrets
from hashlib import sha256


def new_key(prefix: str = "") -> tuple[str, str]:
    """A key, and the hash that is kept of it."""
    key = prefix + secrets.token_urlsafe(32)
    return key, hash_of(key)


def hash_of(key: str) -> str:
    """What is kept of a key. It is long and random, so a plain hash cannot be undone."""
    return sha256(key.encode()).hexdigest()
