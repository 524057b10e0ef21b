"""How to reach the companies whose services the portal uses; which of them it uses is said in portal/settings.py."""

import os

from portal.environment import checked_choice, checked_flag, checked_int, checked_lists, checked_networks, secret

# Stripe, see docs/payments.md. The version is that of the library: what it answers has the shape of a version.
STRIPE_API_VERSION = "2026-10-28.endive"
STRIPE_API_KEY = secret(os.environ, "STRIPE_API_KEY", kept_in=None, required=False)
STRIPE_WEBHOOK_SECRETS = secret(os.environ, "STRIPE_WEBHOOK_SECRETS", kept_in=None, required=False).split()
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "https://api.stripe.com").rstrip("/")
STRIPE_CHECKOUT_DOMAIN = os.environ.get("STRIPE_CHECKOUT_DOMAIN", "")
STRIPE_METHODS_BY_CURRENCY = checked_lists(
    os.environ, "STRIPE_METHODS_BY_CURRENCY", choices=("card", "alipay", "wechat_pay", "paypal")
)
STRIPE_STATEMENT_DESCRIPTOR_SUFFIX = os.environ.get("STRIPE_STATEMENT_DESCRIPTOR_SUFFIX", "")
STRIPE_CONNECT_TIMEOUT = checked_int(os.environ, "STRIPE_CONNECT_TIMEOUT", default=3, minimum=1, maximum=30)
STRIPE_READ_TIMEOUT = checked_int(os.environ, "STRIPE_READ_TIMEOUT", default=20, minimum=1, maximum=80)
STRIPE_MAX_RETRIES = checked_int(os.environ, "STRIPE_MAX_RETRIES", default=1, minimum=0, maximum=5)
STRIPE_REQUESTS_PER_SECOND = checked_int(os.environ, "STRIPE_REQUESTS_PER_SECOND", default=20, minimum=1, maximum=500)

# eSIM Go, see docs/esimgo.md. Their limit is 10 requests a second from one address.
ESIMGO_API_KEY = secret(os.environ, "ESIMGO_API_KEY", kept_in=None, required=False)
ESIMGO_API_BASE = os.environ.get("ESIMGO_API_BASE", "https://api.esim-go.com/v2.5").rstrip("/")
ESIMGO_APN = os.environ.get("ESIMGO_APN", "")
ESIMGO_REQUESTS_PER_SECOND = checked_int(os.environ, "ESIMGO_REQUESTS_PER_SECOND", default=5, minimum=1, maximum=10)

# An SM-DP+ by GSMA's ES2+, and the network behind it; see docs/es2plus.md and docs/operator-network.md.
ES2PLUS_URL = os.environ.get("ES2PLUS_URL", "").rstrip("/")
ES2PLUS_REQUESTER_ID = os.environ.get("ES2PLUS_REQUESTER_ID", "")
ES2PLUS_CLIENT_CERT = os.environ.get("ES2PLUS_CLIENT_CERT", "")
ES2PLUS_CLIENT_KEY = os.environ.get("ES2PLUS_CLIENT_KEY", "")
ES2PLUS_CA = os.environ.get("ES2PLUS_CA", "")
ES2PLUS_SMDP_ADDRESS = os.environ.get("ES2PLUS_SMDP_ADDRESS", "")
ES2PLUS_PROFILE_TYPE = os.environ.get("ES2PLUS_PROFILE_TYPE", "")
ES2PLUS_ORDER_BY = checked_choice(os.environ, "ES2PLUS_ORDER_BY", choices=("iccid", "profile_type"), default="iccid")
ES2PLUS_CONFIRMATION_CODE = checked_flag(os.environ, "ES2PLUS_CONFIRMATION_CODE", default=False)
ES2PLUS_APN = os.environ.get("ES2PLUS_APN", "")
ES2PLUS_READ_TIMEOUT = checked_int(os.environ, "ES2PLUS_READ_TIMEOUT", default=20, minimum=1, maximum=80)
ES2PLUS_CALLBACK_SECRET = secret(os.environ, "ES2PLUS_CALLBACK_SECRET", kept_in=None, required=False)
ES2PLUS_CALLBACK_PROXIES = checked_networks(os.environ, "ES2PLUS_CALLBACK_PROXIES", default="")
ES2PLUS_CALLBACK_HEADER = os.environ.get("ES2PLUS_CALLBACK_HEADER", "X-SSL-Client-S-DN")
ES2PLUS_CALLBACK_IDENTITY = os.environ.get("ES2PLUS_CALLBACK_IDENTITY", "")
ES2PLUS_CALLBACK_ANSWER = checked_choice(
    os.environ, "ES2PLUS_CALLBACK_ANSWER", choices=("empty", "header"), default="empty"
)
ES2PLUS_NOTIFICATION_POINTS = checked_lists(
    os.environ, "ES2PLUS_NOTIFICATION_POINTS", choices=("installed", "enabled", "disabled", "deleted", "ignored")
)
ES2PLUS_NETWORK_URL = os.environ.get("ES2PLUS_NETWORK_URL", "").rstrip("/")
ES2PLUS_NETWORK_TOKEN = secret(os.environ, "ES2PLUS_NETWORK_TOKEN", kept_in=None, required=False)
ES2PLUS_NETWORK_CA = os.environ.get("ES2PLUS_NETWORK_CA", "")
ES2PLUS_NETWORK_CLIENT_CERT = os.environ.get("ES2PLUS_NETWORK_CLIENT_CERT", "")
ES2PLUS_NETWORK_CLIENT_KEY = os.environ.get("ES2PLUS_NETWORK_CLIENT_KEY", "")
ES2PLUS_NETWORK_CAN = tuple(
    os.environ.get("ES2PLUS_NETWORK_CAN", "describe grant revoke suspend resume throttle move terminate").split()
)
