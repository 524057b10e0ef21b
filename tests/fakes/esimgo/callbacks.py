"""What eSIM Go posts to the portal, signed in either of the two spellings that their pages show."""

import base64
import hashlib
import hmac
import json

from tests.fakes.esimgo.server import API_KEY


def signed(payload, *, key=API_KEY, spelling="hex"):
    """Return the body and the headers of a callback, for a Django test client."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    text = digest.hex() if spelling == "hex" else base64.b64encode(digest).decode()
    return body, {"X-Signature-SHA256": text}


def status_change(iccid, status, *, at="2026-11-21T10:05:18Z", **device):
    return {
        "event": "profile.status_change",
        "date": at,
        "iccid": iccid,
        "profileStatus": status,
        **({"device": device} if device else {}),
    }


def usage_alert(iccid, *, kind="Utilisation", remaining=1000):
    bundle = {"id": "1", "name": "esim_10GB_30D_EU_V2", "initialQuantity": 2000, "remainingQuantity": remaining}
    return {"iccid": iccid, "alertType": kind, "bundle": bundle}
