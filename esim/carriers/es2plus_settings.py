"""What the operator says about the SM-DP+ and about the network behind it, in two values."""

from dataclasses import dataclass, field

from django.conf import settings

from portal.lib.http import PUBLIC_TLS, Tls

ES2PLUS = "es2plus"
"""What our rows call this carrier."""

BY_ICCID = "iccid"
BY_TYPE = "profile_type"

OPERATIONS = ("describe", "grant", "revoke", "suspend", "resume", "throttle", "move", "terminate")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How to reach the operator's own provisioning system, and which of OPERATIONS it carries out."""

    url: str = ""
    token: str = field(default="", repr=False)
    tls: Tls = PUBLIC_TLS
    can: tuple[str, ...] = OPERATIONS
    connect_timeout: float = 3.05
    read_timeout: float = 20


NO_NETWORK = NetworkSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Es2PlusSettings:
    """How to reach one SM-DP+; `smdp_address` stands in activation codes unless the SM-DP+ names another."""

    url: str
    requester_id: str
    smdp_address: str
    tls: Tls = PUBLIC_TLS
    profile_type: str = ""
    order_by: str = BY_ICCID
    confirmation_code: bool = False
    apn: str = ""
    connect_timeout: float = 3.05
    read_timeout: float = 20
    network: NetworkSettings = NO_NETWORK


def from_settings() -> Es2PlusSettings:
    """Read the portal's settings."""
    return Es2PlusSettings(
        url=settings.ES2PLUS_URL,
        requester_id=settings.ES2PLUS_REQUESTER_ID,
        smdp_address=settings.ES2PLUS_SMDP_ADDRESS,
        tls=Tls(ca=settings.ES2PLUS_CA, cert=settings.ES2PLUS_CLIENT_CERT, key=settings.ES2PLUS_CLIENT_KEY),
        profile_type=settings.ES2PLUS_PROFILE_TYPE,
        order_by=settings.ES2PLUS_ORDER_BY,
        confirmation_code=settings.ES2PLUS_CONFIRMATION_CODE,
        apn=settings.ES2PLUS_APN,
        read_timeout=settings.ES2PLUS_READ_TIMEOUT,
        network=network_from_settings(),
    )


def network_from_settings() -> NetworkSettings:
    return NetworkSettings(
        url=settings.ES2PLUS_NETWORK_URL,
        token=settings.ES2PLUS_NETWORK_TOKEN,
        tls=Tls(
            ca=settings.ES2PLUS_NETWORK_CA,
            cert=settings.ES2PLUS_NETWORK_CLIENT_CERT,
            key=settings.ES2PLUS_NETWORK_CLIENT_KEY,
        ),
        can=settings.ES2PLUS_NETWORK_CAN,
        read_timeout=settings.ES2PLUS_READ_TIMEOUT,
    )
