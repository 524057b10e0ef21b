"""Secrets at rest: AES-256-GCM under a ring of keys.

The first key of `PORTAL_ENCRYPTION_KEYS` encrypts, all of them decrypt. To rotate, put a new key
in front, re-encrypt every row with `rotate`, keep the old key as `PORTAL_LOOKUP_KEY` so that keyed hashes stay what
they are, then drop it from the ring.

A token carries its context as authenticated data: copied into another row or column it does not
decrypt.
"""

import base64
import binascii
import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Self, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12


class DecryptionFailed(Exception):
    """The token is damaged, belongs elsewhere, or its key has left the ring."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    id: str
    secret: bytes

    @classmethod
    def parse(cls, entry: str, *, setting: str = "PORTAL_ENCRYPTION_KEYS") -> Self:
        """Read "id:base64"; raise ImproperlyConfigured without repeating the secret."""
        key_id, _, encoded = entry.strip().partition(":")
        try:
            secret = _unb64(encoded)
        except ValueError:
            secret = b""
        if len(secret) != KEY_BYTES or not (key_id.isascii() and key_id.isalnum()):
            raise ImproperlyConfigured(
                f"{setting}: expected id:base64 of {KEY_BYTES} bytes, the id in letters and digits."
            )
        return cls(key_id, secret)


def encrypt(plaintext: str, *, context: str) -> str:
    """Return a token that only `decrypt` with the same context can read."""
    key = _ring()[0]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key.secret).encrypt(nonce, plaintext.encode(), _bound(key.id, context))
    return f"{VERSION}.{key.id}.{_b64(nonce + sealed)}"


def decrypt(token: str, *, context: str) -> str:
    """Return the plaintext; raise DecryptionFailed without saying what the token held."""
    wanted, payload = _parse(token)
    key = next((key for key in _ring() if key.id == wanted), None)
    if key is None:
        raise DecryptionFailed(f"No key {wanted!r} in the ring.")
    nonce, sealed = payload[:NONCE_BYTES], payload[NONCE_BYTES:]
    try:
        return AESGCM(key.secret).decrypt(nonce, sealed, _bound(key.id, context)).decode()
    except (InvalidTag, ValueError) as error:
        raise DecryptionFailed("The token is damaged or belongs elsewhere.") from error


def rotate(token: str, context: str) -> str:
    """Return the token under the ring's first key; the same token when it already is."""
    if key_id(token) == _ring()[0].id:
        return token
    return encrypt(decrypt(token, context=context), context=context)


def key_id(token: str) -> str:
    """Return which key made the token."""
    return _parse(token)[0]


def lookup_hash(value: str, *, purpose: str) -> str:
    """Return a keyed hash by which an encrypted value can be found, and kept unique.

    Made with `PORTAL_LOOKUP_KEY`, or else with the oldest key of the ring, so that putting a new key in front changes
    no hash. Dropping the oldest key does unless it is the lookup key: what is hashed is often kept nowhere in clear.
    """
    return hmac.new(_derived(_lookup_key(), purpose), value.encode(), sha256).hexdigest()


def check_keys() -> None:
    """Raise ImproperlyConfigured where a key cannot be read."""
    _ring()
    _lookup_key()


class Sealed:
    """A model attribute in clear over a text column that holds its token.

    `code = Sealed("code_ciphertext")` needs a `public_id` on the model; "" stays "" in the column.
    Assign it on an instance: the manager's `create()` and queries know the column only.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        self.name = ""

    def __set_name__(self, owner: type[models.Model], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[models.Model]) -> Self: ...
    @overload
    def __get__(self, instance: models.Model, owner: type[models.Model]) -> str: ...
    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Self | str:
        if instance is None:
            return self
        token = getattr(instance, self.column)
        return decrypt(token, context=self.context(instance)) if token else ""

    def __set__(self, instance: models.Model, value: str) -> None:
        token = encrypt(value, context=self.context(instance)) if value else ""
        setattr(instance, self.column, token)

    def context(self, instance: models.Model) -> str:
        """Return the context to give `rotate` for this attribute of the row."""
        public_id = getattr(instance, "public_id", "")
        if not public_id:
            raise ValueError(f"{self.name} is bound to a public id, and the row has none.")
        return f"{instance._meta.label}.{self.name}:{public_id}"  # noqa: SLF001


def sealed_columns(model: type[models.Model]) -> list[str]:
    """Return the columns of a model that hold tokens."""
    return [attribute.column for attribute in vars(model).values() if isinstance(attribute, Sealed)]


def new_file_key() -> bytes:
    """Return a key for one file, to be kept under the ring."""
    return os.urandom(KEY_BYTES)


def encrypt_file(content: bytes, *, key: bytes, context: str) -> bytes:
    """Return what only `decrypt_file` with this key and context can read."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, context.encode())


def decrypt_file(sealed: bytes, *, key: bytes, context: str) -> bytes:
    """Return the content; raise DecryptionFailed where it is damaged or belongs elsewhere."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise DecryptionFailed("The file is damaged or belongs elsewhere.") from error


def _ring() -> tuple[Key, ...]:
    return _parsed_ring(tuple(settings.PORTAL_ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _parsed_ring(entries: tuple[str, ...]) -> tuple[Key, ...]:
    ring = tuple(Key.parse(entry) for entry in entries)
    if not ring:
        raise ImproperlyConfigured("PORTAL_ENCRYPTION_KEYS names no key.")
    if len({key.id for key in ring}) != len(ring):
        raise ImproperlyConfigured("PORTAL_ENCRYPTION_KEYS names one id twice.")
    return ring


def _lookup_key() -> Key:
    entry = settings.PORTAL_LOOKUP_KEY
    return _parsed_lookup_key(entry) if entry else _ring()[-1]


@lru_cache(maxsize=4)
def _parsed_lookup_key(entry: str) -> Key:
    return Key.parse(entry, setting="PORTAL_LOOKUP_KEY")


@lru_cache(maxsize=32)
def _derived(key: Key, purpose: str) -> bytes:
    info = f"portal lookup {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key.secret)


def _parse(token: str) -> tuple[str, bytes]:
    try:
        version, wanted, encoded = token.split(".")
        payload = _unb64(encoded)
    except ValueError as error:
        raise DecryptionFailed("Not a token.") from error
    if version != VERSION:
        raise DecryptionFailed(f"Unknown token version {version!r}.")
    return wanted, payload


def _bound(key_id: str, context: str) -> bytes:
    return f"{VERSION}.{key_id}.{context}".encode()


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    # Operators paste keys from `openssl rand -base64 32`, which writes + and /.
    standard = padded.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard, validate=True)
    except binascii.Error as error:
        raise ValueError("Not base64.") from error
