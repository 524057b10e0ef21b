"""Sending JSON to others, and signing what is sent.

A request has three outcomes, and money depends on telling them apart: an answer, certainly not sent,
and perhaps received.
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ssl import SSLCertVerificationError

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

TIMESTAMP = re.compile(r"[0-9]{1,12}")


class NoConnection(Exception):
    """Certainly not sent: nobody listened, or the name led nowhere."""


class NoAnswer(Exception):
    """Perhaps received: the connection broke or stayed silent after the request had begun."""


class BadSignature(Exception):
    """The body isn't from who holds the secret, or isn't recent."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Whom to believe and who we are, as files in PEM: `ca` alone is believed, `cert` and `key` are shown if asked.

    Empty: the public authorities, and no certificate of ours.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""


PUBLIC_TLS = Tls()


def post_json(
    url: str,
    payload: bytes | object,
    headers: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = (3.05, 20),
) -> HttpAnswer:
    """Post JSON (bytes go as they are) and return the answer, whatever its status; raises what `send` raises."""
    return send("POST", url, payload, headers, timeout)


def send(
    method: str,
    url: str,
    payload: bytes | object | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = (3.05, 20),
    *,
    tls: Tls | None = None,
) -> HttpAnswer:
    """Send a request, with JSON where there is a payload, and return the answer, whatever its status.

    Raises NoConnection or NoAnswer. Redirects aren't followed: a request must not be repeated elsewhere.
    """
    # A session per call: a kept connection that the other side has closed would turn "certainly
    # not sent" into "perhaps received".
    with requests.Session() as session:
        # Nor may the environment put its own authorities, proxies or passwords in place of what we say.
        session.trust_env = False
        if tls is not None:
            session.verify = tls.ca or True
            session.cert = (tls.cert, tls.key) if tls.cert else None
        try:
            answer = session.request(
                method,
                url,
                data=_body(payload),
                headers={**({} if payload is None else {"Content-Type": "application/json"}), **(headers or {})},
                timeout=timeout,
                allow_redirects=False,
            )
        except requests.ConnectionError as error:
            if _was_never_sent(error):
                raise NoConnection(type(error).__name__) from error
            raise NoAnswer(type(error).__name__) from error
        except (
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            raise NoAnswer(type(error).__name__) from error
    return HttpAnswer(answer.status_code, answer.content, answer.headers)


def _body(payload: bytes | object | None) -> bytes | None:
    return payload if payload is None or isinstance(payload, bytes) else json.dumps(payload).encode()


def _was_never_sent(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    if not isinstance(cause, MaxRetryError):
        return False
    reason: BaseException | None = cause.reason
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    # Other TLS errors may strike while the answer is read; a refused certificate comes before all.
    return any(isinstance(part, SSLCertVerificationError) for part in getattr(reason, "args", ()))


def sign_body(body: bytes, secret: str, timestamp: int) -> str:
    """Return the header that lets a receiver check who sent the body, and when."""
    return f"t={timestamp},v1={_digest(body, secret, str(timestamp))}"


def verify_signature(
    body: bytes,
    header: str,
    secrets: Sequence[str],
    now: datetime,
    tolerance_seconds: int = 300,
    *,
    ahead_seconds: int = 300,
) -> None:
    """Return if one of the secrets signed the body about now; raise BadSignature otherwise.

    `ahead_seconds`: how far the sender's clock may be ahead of ours. Several secrets and several signatures are
    accepted, so that either side can rotate.
    """
    timestamp, signatures = _parse_header(header)
    if not secrets or not all(secrets):
        raise BadSignature("No secret to check with.")
    expected = [_digest(body, secret, timestamp).encode() for secret in secrets]
    # Bytes, because compare_digest refuses text outside ASCII, and the header is a stranger's.
    given = [signature.encode(errors="replace") for signature in signatures]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise BadSignature("Signed with another secret, or changed on the way.")
    # A future timestamp would be a signature that can be replayed until then.
    if not -ahead_seconds <= now.timestamp() - int(timestamp) <= tolerance_seconds:
        raise BadSignature("Too old, or from the future.")


def _parse_header(header: str) -> tuple[str, list[str]]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(timestamps) != 1 or not TIMESTAMP.fullmatch(timestamps[0]) or not signatures:
        raise BadSignature("Not a signature header.")
    return timestamps[0], signatures


def _digest(body: bytes, secret: str, timestamp: str) -> str:
    if not secret:
        raise ValueError("An empty secret signs nothing.")
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()
