"""Calls of ES2+ (SGP.22 §5.3, JSON binding §6.5): one request, one of three outcomes.

ES2+ has no idempotency key: the identifier of a call only names it in logs. So nothing here repeats by itself.
"""

import json
import logging
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from esim.carriers.base import CarrierRefused, NotAsked, OutcomeUnknown
from esim.carriers.es2plus_settings import Es2PlusSettings
from esim.carriers.status_codes import BUSY, UNDECIDED
from portal.lib.http import HttpAnswer, NoAnswer, NoConnection, send
from portal.lib.redaction import redacted

logger = logging.getLogger(__name__)

PATH = "/gsma/rsp2/es2plus"
ADMIN_PROTOCOL = "gsma/rsp/v2.2.0"
DONE = frozenset({"Executed-Success", "Executed-WithWarning"})
FAILED = "Failed"
LONGEST_REASON = 160

TURNED_AWAY = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Who carries out a function answers 200, also when it fails (§6.3); these come from whoever guards the door."""


class Failed(CarrierRefused):
    """The SM-DP+ carried nothing out, and said why by two codes (§5.2.6)."""

    def __init__(self, subject_code: str, reason_code: str, message: str = "") -> None:
        super().__init__(f"{subject_code}/{reason_code} {redacted(message)}".strip()[:LONGEST_REASON])
        self.codes = (subject_code, reason_code)


class Es2PlusClient:
    """One operator's door to one SM-DP+; shared by threads."""

    def __init__(self, settings: Es2PlusSettings) -> None:
        self._settings = settings

    def call(self, function: str, **fields: object) -> Mapping[str, Any]:
        """Ask for a function and return its answer; fields that are empty text are left out.

        Raises Failed, NotAsked or OutcomeUnknown.
        """
        call_id = secrets.token_hex(16)
        header = {"functionRequesterIdentifier": self._settings.requester_id, "functionCallIdentifier": call_id}
        body = {"header": header, **{name: value for name, value in fields.items() if value != ""}}
        logger.info("ES2+ %s: call %s", function, call_id)
        try:
            answer = self._send(f"{self._settings.url}{PATH}/{function}", body)
            return _read(answer)
        except (CarrierRefused, OutcomeUnknown) as error:
            logger.warning("ES2+ %s: call %s: %s", function, call_id, error)
            raise

    def _send(self, url: str, body: Mapping[str, object]) -> HttpAnswer:
        timeout = (self._settings.connect_timeout, self._settings.read_timeout)
        headers = {"X-Admin-Protocol": ADMIN_PROTOCOL, "Accept": "application/json"}
        try:
            return send("POST", url, body, headers, timeout, tls=self._settings.tls)
        except NoConnection as error:
            raise NotAsked("no_connection") from error
        except NoAnswer as error:
            raise OutcomeUnknown("no_answer") from error


def _read(answer: HttpAnswer) -> Mapping[str, Any]:
    """Return what was answered; anything that is not plainly a yes or a no is neither."""
    if answer.status in TURNED_AWAY:
        raise NotAsked(f"http_{answer.status}")
    if answer.status != HTTPStatus.OK:
        raise OutcomeUnknown(f"http_{answer.status}")
    try:
        read = json.loads(answer.body)
        executed = read["header"]["functionExecutionStatus"]
        status, codes = executed["status"], executed.get("statusCodeData") or {}
        subject, reason = codes.get("subjectCode", ""), codes.get("reasonCode", "")
        message = codes.get("message") or ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Without the cause, which holds the answer: a matching id may be in it.
        raise OutcomeUnknown("unreadable_answer") from None
    if status in DONE:
        return dict(read)
    if status != FAILED or not all(isinstance(text, str) for text in (subject, reason, message)):
        raise OutcomeUnknown(f"status_{status}" if isinstance(status, str) else "unreadable_answer")
    if (subject, reason) in BUSY:
        raise NotAsked(f"{subject}/{reason}")
    if (subject, reason) in UNDECIDED:
        raise OutcomeUnknown(f"{subject}/{reason}")
    raise Failed(subject, reason, message)
