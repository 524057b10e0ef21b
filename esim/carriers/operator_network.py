"""The operator's own provisioning system, asked for what ES2+ knows nothing of: plans, service and speed.

docs/operator-network.md is the contract. A request carries a key: the same one again has the same result.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from esim.carriers.base import CarrierRefused, NotAsked, OutcomeUnknown
from esim.carriers.es2plus_settings import NetworkSettings
from plans.terms import PlanTerms
from portal.lib.http import HttpAnswer, NoAnswer, NoConnection, send

DONE = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
LONGEST_REASON = 120


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NetworkProfile:
    """What the network knows of a profile; empty where it knows nothing."""

    msisdn: str = ""
    pin: str = ""
    puk: str = ""


class OperatorNetwork:
    """One operator's network; shared by threads. Calls raise CarrierRefused, NotAsked or OutcomeUnknown."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings

    def can(self, *operations: str) -> bool:
        return bool(self._settings.url) and set(operations) <= set(self._settings.can)

    def profile(self, iccid: str) -> NetworkProfile:
        """Return number, PIN and PUK, where there is a network and it knows them."""
        if not self.can("describe"):
            return NetworkProfile()
        answer = self._send("GET", f"/profiles/{iccid}", None, {})
        if answer.status == HTTPStatus.NOT_FOUND:
            return NetworkProfile()
        known = _json(answer) if answer.status == HTTPStatus.OK else None
        if known is None:
            raise OutcomeUnknown(f"network_http_{answer.status}")
        texts = {name: known.get(name) or "" for name in NetworkProfile.__dataclass_fields__}
        if not all(isinstance(text, str) for text in texts.values()):
            raise OutcomeUnknown("network_unreadable_answer")
        return NetworkProfile(**texts)

    def grant(self, *, key: str, iccid: str, terms: PlanTerms, starts_at: datetime, ends_at: datetime) -> None:
        period = {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        self._ask("grant", key=key, iccid=iccid, fields={"grant": key, "plan": terms.to_json(), **period})

    def revoke(self, *, key: str, iccid: str, only_unused: bool) -> None:
        self._ask("revoke", key=key, iccid=iccid, fields={"grant": key, "only_unused": only_unused})

    def suspend(self, *, key: str, iccid: str) -> None:
        self._ask("suspend", key=key, iccid=iccid, fields={})

    def resume(self, *, key: str, iccid: str) -> None:
        self._ask("resume", key=key, iccid=iccid, fields={})

    def throttle(self, *, key: str, iccid: str, kbps: int | None) -> None:
        self._ask("throttle", key=key, iccid=iccid, fields={"kbps": kbps})

    def move(self, *, key: str, from_iccid: str, to_iccid: str) -> None:
        self._ask("move", key=key, iccid=from_iccid, fields={"to_iccid": to_iccid})

    def terminate(self, *, key: str, iccid: str) -> None:
        self._ask("terminate", key=key, iccid=iccid, fields={})

    def _ask(self, operation: str, *, key: str, iccid: str, fields: Mapping[str, object]) -> None:
        if not self.can(operation):
            raise CarrierRefused(f"network_without_{operation}")
        # The same purchase grants and revokes under one key; to the network these are two requests.
        headers = {"Idempotency-Key": f"{operation}:{key}"}
        answer = self._send("POST", f"/profiles/{iccid}/{operation}", fields, headers)
        if answer.status in DONE:
            return
        refused = (_json(answer) or {}).get("refused")
        if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and isinstance(refused, str):
            raise CarrierRefused(refused[:LONGEST_REASON] or f"network_http_{answer.status}")
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
            raise NotAsked(f"network_http_{answer.status}")
        raise OutcomeUnknown(f"network_http_{answer.status}")

    def _send(
        self, method: str, path: str, payload: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> HttpAnswer:
        settings = self._settings
        shown = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        timeout = (settings.connect_timeout, settings.read_timeout)
        try:
            return send(
                method,
                f"{settings.url}{path}",
                payload,
                {"Accept": "application/json", **shown, **headers},
                timeout,
                tls=settings.tls,
            )
        except NoConnection as error:
            raise NotAsked("network_no_connection") from error
        except NoAnswer as error:
            raise OutcomeUnknown("network_no_answer") from error


def _json(answer: HttpAnswer) -> dict[str, Any] | None:
    try:
        read = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
