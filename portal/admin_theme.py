"""How Unfold presents the staff site."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Lightness and chroma of Unfold's own steps, calmer in the middle; the operator chooses the hue.
STEPS = {
    "50": "97.7% .014",
    "100": "94.6% .033",
    "200": "90.2% .06",
    "300": "82.7% .1",
    "400": "71.4% .14",
    "500": "61% .17",
    "600": "52% .18",
    "700": "45% .16",
    "800": "39% .13",
    "900": "34% .1",
    "950": "26% .08",
}


def admin_theme(*, brand: str, hue: int, demo: bool) -> dict[str, Any]:
    """Return Unfold's settings for this operator."""
    return {
        "SITE_TITLE": brand,
        "SITE_HEADER": brand,
        "SITE_SUBHEADER": _("Staff"),
        "SITE_SYMBOL": "sim_card",
        "SITE_URL": reverse_lazy("home"),
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/favicon.svg")}],
        "STYLES": [lambda _request: static("css/staff.css")],
        "SCRIPTS": [lambda _request: static("js/staff.js"), lambda _request: static("js/staff-menus.js")],
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": True,
        "SHOW_LANGUAGES": True,
        "SHOW_BACK_BUTTON": True,
        "ENVIRONMENT": "portal.admin_theme.demo_badge" if demo else None,
        "DASHBOARD_CALLBACK": "portal.admin_dashboard.dashboard",
        "COLORS": {"primary": {step: f"oklch({value} {hue})" for step, value in STEPS.items()}},
        "SIDEBAR": {"show_search": True, "command_search": True, "navigation": _navigation(demo=demo)},
    }


def demo_badge(_request: HttpRequest) -> list[str]:
    return [str(_("Demo")), "warning"]


def _navigation(*, demo: bool) -> list[dict[str, Any]]:
    system = [
        _item(_("Notifications"), "mail", "accounts", "notification"),
        _item(_("Gateway events"), "webhook", "billing", "gatewayevent"),
        _item(_("Messages of carriers"), "cell_tower", "esim", "carrierevent"),
        _item(_("Profile orders"), "qr_code_2", "esim", "profileorder"),
        _item(_("Audit trail"), "history", "accounts", "auditevent"),
        _item(_("API tokens"), "key", "accounts", "apitoken"),
        _item(_("Webhook endpoints"), "send", "accounts", "webhookendpoint"),
        _item(_("Webhook deliveries"), "outgoing_mail", "accounts", "webhookdelivery"),
        _item(_("Webhook messages"), "campaign", "accounts", "webhookmessage"),
        _item(_("Groups"), "groups", "auth", "group"),
    ]
    if demo:
        system.append(_item(_("Outbox"), "outbox", "accounts", "outboxmessage"))
    overview = {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")}
    return [
        {"items": [overview]},
        _group(
            _("Selling"),
            [
                _item(_("Plans"), "sell", "plans", "plan"),
                _item(_("Promotions"), "percent", "plans", "promotion"),
                _item(_("Coupons"), "redeem", "plans", "coupon"),
                _item(_("Coupon codes"), "confirmation_number", "plans", "couponcode"),
                _item(_("Redemptions"), "receipt", "billing", "redemption"),
                _item(_("Announcements"), "campaign", "plans", "announcement"),
                _item(_("Products of carriers"), "inventory_2", "esim", "carrierproduct"),
                _item(_("Outlets"), "storefront", "esim", "outlet"),
                _item(_("Orders"), "shopping_bag", "billing", "order"),
                _item(_("Queued plans"), "queue", "billing", "queuedplan"),
                _item(_("Auto-renewals"), "autorenew", "billing", "subscription"),
                _item(_("Top-up rules"), "bolt", "billing", "topuprule"),
                {
                    "title": _("Renewals board"),
                    "icon": "speed",
                    "link": reverse_lazy("admin:renewals"),
                    "permission": _may_view("billing.view_subscription"),
                },
            ],
        ),
        _group(
            _("Subscribers"),
            [
                _item(_("Users"), "person", "accounts", "user"),
                _item(_("Changes of address"), "contact_mail", "accounts", "addresschange"),
                _item(_("Business accounts"), "business_center", "accounts", "business"),
                _item(_("Tickets"), "support_agent", "accounts", "ticket"),
                _item(_("Reply templates"), "quickreply", "accounts", "replytemplate"),
                _item(_("Help articles"), "menu_book", "accounts", "article"),
                _item(_("Opinions about articles"), "thumbs_up_down", "accounts", "articlefeedback"),
                _item(_("Referrals"), "group_add", "accounts", "referral"),
                _item(_("Lines"), "sim_card", "esim", "line"),
                _item(_("SIM profiles"), "qr_code_2", "esim", "simprofile"),
                _item(_("SIM cards"), "sim_card_download", "esim", "simcard"),
                _item(_("SIM applications"), "contract", "esim", "simapplication"),
                _item(_("Documents"), "id_card", "accounts", "document"),
                _item(_("Moves to another device"), "phonelink_setup", "esim", "replacement"),
                _item(_("Members of lines"), "group", "esim", "linemember"),
                _item(_("Invitations to lines"), "person_add", "esim", "lineinvitation"),
                _item(_("Moves to other accounts"), "move_up", "esim", "linemove"),
                _item(_("Allowances"), "data_usage", "esim", "allowance"),
                _item(_("Usage by day"), "bar_chart", "esim", "dailyusage"),
                _item(_("Usage records"), "receipt", "esim", "usagerecord"),
                _item(_("Usage put aside"), "report", "esim", "quarantinedusage"),
                _item(_("Usage files"), "upload_file", "esim", "usageimport"),
                _item(_("Times at reduced speed"), "speed", "esim", "throttlespell"),
                _item(_("Billing details"), "contact_mail", "billing", "billingdetails"),
            ],
        ),
        _group(
            _("Money"),
            [
                _item(_("Charges"), "credit_score", "billing", "charge"),
                _item(_("Refunds"), "undo", "billing", "refund"),
                _item(_("Payouts of balances"), "payments", "billing", "payout"),
                _item(_("Leftover balances"), "savings", "billing", "leftover"),
                _item(_("Links to pay"), "link", "billing", "paylink"),
                _item(_("Disputes"), "gavel", "billing", "dispute"),
                _item(_("Discrepancies"), "compare_arrows", "billing", "discrepancy"),
                _item(_("Invoices"), "receipt_long", "billing", "invoice"),
                _item(_("Referral rewards"), "card_giftcard", "billing", "referralreward"),
                _item(_("Referral credits"), "price_check", "billing", "referralcredit"),
                _item(_("Tax rates"), "percent", "billing", "taxrate"),
                _item(_("Broken invariants"), "rule", "billing", "invariantreport"),
                _item(_("Payment methods"), "credit_card", "billing", "paymentmethod"),
                _item(_("Ledger"), "menu_book", "billing", "ledgerentry"),
                _item(_("Ledger accounts"), "account_balance", "billing", "ledgeraccount"),
            ],
        ),
        _group(pgettext_lazy("group of staff pages", "System"), system),
    ]


def _group(title: "_StrPromise", items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": False, "items": items}


def _item(title: "_StrPromise", icon: str, app: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may_view(f"{app}.view_{model}"),
    }


def _may_view(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)
