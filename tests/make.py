"""Plain factory functions: each makes one valid row, and every field can be given."""

import base64
import io
import itertools
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core.cache import cache
from PIL import Image

from accounts.models import AddressChange, ApiToken, Article, Document, ReferralCode, Ticket, User
from accounts.tickets import open_ticket
from billing.consenting import Consent
from billing.invoice_facts import buyer_of
from billing.models import (
    Agreement,
    Charge,
    Dispute,
    Invoice,
    Order,
    PaymentMethod,
    QueuedPlan,
    Redemption,
    ReferralReward,
    Refund,
    RenewalQuestion,
    SandboxCard,
    Subscription,
    TopUpRule,
)
from esim import pins
from esim.identifiers import with_luhn_digit
from esim.models import (
    Allowance,
    DownloadState,
    Line,
    LineInvitation,
    LineMember,
    LineMove,
    Outlet,
    Replacement,
    Role,
    ServiceState,
    SimApplication,
    SimCard,
    SimProfile,
)
from plans import announcements, sold
from plans.models import Announcement, Coupon, CouponCode, Plan, PlanPrice, Promotion
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.money import Money
from portal.lib.periods import PeriodUnit

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def make_user(*, verified: bool = True, **fields: Any) -> User:
    """Make a person whose e-mail address is verified."""
    number = next(_numbers)
    fields.setdefault("email", f"person{number}@example.com")
    password = fields.pop("password", PASSWORD)
    user = User.objects.create_user(password=password, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def make_address_change(*, user: User, **fields: Any) -> AddressChange:
    """Make a new e-mail address for somebody that two members of staff agreed to, from tomorrow on."""
    fields.setdefault("address", "ada@new.example")
    fields.setdefault("requested_by", make_user(is_staff=True))
    agreed = {"state": "agreed", "decided_by": make_user(is_staff=True), "decided_at": NOW}
    fields = {**agreed, "changes_at": NOW + timedelta(days=1), **fields}
    return AddressChange.objects.create(user=user, kind="email", reason="Passport seen", **fields)


def make_plan(*, prices: dict[str, int] | None = None, **fields: Any) -> Plan:
    """Make a plan of 10 GB for 30 days in Europe, US$14.90 unless `prices` says otherwise."""
    number = next(_numbers)
    fields.setdefault("code", f"europe-{number}")
    fields.setdefault("name", "Europe 10 GB")
    fields.setdefault("region", "europe")
    fields.setdefault("countries", ["FR", "DE", "IT"])
    fields.setdefault("data_bytes", 10 * GB)
    fields.setdefault("period_unit", PeriodUnit.DAY)
    fields.setdefault("period_count", 30)
    fields.setdefault("active_from", NOW - timedelta(days=365))
    plan = Plan.objects.create(**fields)
    for currency, amount in (prices or {"USD": 1490}).items():
        PlanPrice.objects.create(plan=plan, currency=currency, amount=amount, valid_from=NOW - timedelta(days=365))
    return plan


def make_data_pack(**fields: Any) -> Plan:
    """Make a data pack: 5 GB on top of a running plan, US$6.00."""
    fields.setdefault("name", "5 GB more")
    fields.setdefault("data_bytes", 5 * GB)
    fields.setdefault("prices", {"USD": 600})
    return make_plan(kind=Plan.Kind.DATA_PACK, **fields)


def make_line(*, owner: User, **fields: Any) -> Line:
    """Make a line in service."""
    number = next(_numbers)
    fields.setdefault("nickname", f"Line {number}")
    fields.setdefault("msisdn", f"+1415555{number:04}")
    fields.setdefault("service_state", ServiceState.ACTIVE)
    return Line.objects.create(owner=owner, **fields)


def make_profile(*, line: Line, **fields: Any) -> SimProfile:
    """Make the current profile of a line, ready to install."""
    number = next(_numbers)
    fields.setdefault("iccid", f"89852000000000{number:05}")
    fields.setdefault("smdp_address", "smdp.example.com")
    fields.setdefault("download_state", DownloadState.RELEASED)
    code = fields.pop("activation_code", f"1$smdp.example.com$TEST-{number:05}")
    profile = SimProfile(line=line, **fields)
    profile.activation_code = code
    profile.save()
    return profile


def make_card(*, pin: str = "", **fields: Any) -> SimCard:
    """Make a profile of the stock, for sale here; with a PIN, one that was sold elsewhere a month ago."""
    number = next(_numbers)
    fields.setdefault("iccid", with_luhn_digit(f"8985201{number:011}"))
    fields.setdefault("carrier", "simulated")
    fields.setdefault("profile_type", "DATA")
    card = SimCard(**fields)
    if pin:
        pins.set_pin(card, pin=pin, now=NOW - timedelta(days=30))
    card.save()
    return card


def make_replacement(*, line: Line, **fields: Any) -> Replacement:
    """Make a wish to have a line on a new phone, whose profile is not ordered yet."""
    if "old_profile" not in fields:
        fields["old_profile"] = make_profile(line=line, download_state=DownloadState.ENABLED)
    return Replacement.objects.create(line=line, asked_by=line.owner, **{"reason": "new_phone", **fields})


def make_allowance(*, line: Line, **fields: Any) -> Allowance:
    """Make a running allowance of 10 GB that began ten days ago and ends in twenty."""
    number = next(_numbers)
    fields.setdefault("plan", None)
    if fields["plan"] is None:
        fields["plan"] = make_plan()
    if "sold" not in fields:
        fields["sold"] = sold.keep(PlanTerms.of(fields["plan"]))
    fields.setdefault("granted_for", f"test_{number}")
    fields.setdefault("data_bytes", 10 * GB)
    fields.setdefault("starts_at", NOW - timedelta(days=10))
    fields.setdefault("ends_at", NOW + timedelta(days=20))
    fields.setdefault("remind_due_at", fields["starts_at"])
    return Allowance.objects.create(line=line, **fields)


def make_method(*, owner: User, **fields: Any) -> PaymentMethod:
    """Make a saved Visa 4242, valid until 2030."""
    number = next(_numbers)
    fields.setdefault("gateway", "sandbox")
    fields.setdefault("reference", f"card_{number}")
    fields.setdefault("brand", "Visa")
    fields.setdefault("last_four", "4242")
    fields.setdefault("expires_month", 12)
    fields.setdefault("expires_year", 2030)
    return PaymentMethod.objects.create(owner=owner, **fields)


def make_paying_card(*, owner: User, **fields: Any) -> PaymentMethod:
    """Make a saved card that the sandbox's bank pays from whenever it is charged."""
    method = make_method(owner=owner, **fields)
    SandboxCard.objects.create(
        reference=method.reference,
        customer=owner.public_id,
        brand=method.brand,
        last_four=method.last_four,
        expires_month=method.expires_month,
        expires_year=method.expires_year,
        outcome="paid",
    )
    return method


def make_order(*, owner: User, **fields: Any) -> Order:
    """Make an unpaid renewal order of US$14.90."""
    number = next(_numbers)
    fields.setdefault("kind", Order.Kind.RENEWAL)
    if fields["kind"] not in Order.Kind.BY_PAYING:
        fields.setdefault("plan", None)
        fields["plan"] = fields["plan"] or make_plan()
    fields.setdefault("currency", "USD")
    fields.setdefault("amount", 1490)
    fields.setdefault("form_key", f"form-{number}")
    fields.setdefault("created_at", NOW)
    fields.setdefault("expires_at", NOW + timedelta(hours=1))
    return Order.objects.create(owner=owner, **fields)


def make_ticket(*, owner: User, **fields: Any) -> Ticket:
    """Make a request for help that waits for us."""
    number = next(_numbers)
    fields.setdefault("kind", Ticket.Kind.SERVICE)
    return open_ticket(
        user=owner,
        **{"key": f"ticket-{number}", "context": {}, "about": [], "text": "No data since noon.", "now": NOW, **fields},
    )


def make_invoice(*, order: Order, **fields: Any) -> Invoice:
    """Make the invoice of an order, in whatever state that is."""
    number = next(_numbers)
    fields.setdefault("kind", Invoice.Kind.INVOICE)
    fields.setdefault("series", "2026")
    fields.setdefault("number", f"{fields['series']}-{number:06}")
    fields.setdefault("language", order.owner.language)
    fields.setdefault("amount", order.amount)
    fields.setdefault("details", invoice_facts(order))
    fields.setdefault("issued_at", NOW)
    return Invoice.objects.create(
        owner=order.owner,
        order=order,
        position=number,
        currency=order.currency,
        tax_country="US",
        tax_basis_points=0,
        tax_amount=0,
        **fields,
    )


def invoice_facts(order: Order) -> dict[str, Any]:
    """Say what an invoice of one line and one payment by card says."""
    seller = {"name": "LEB", "address": [], "country": "US", "tax_id": "", "registration": "", "email": ""}
    return {
        "brand": "LEB",
        "seller": seller,
        "buyer": buyer_of(order.owner),
        "lines": [{"text": "Europe 10 GB", "notes": [], "amount": order.amount}],
        "payments": [{"means": "card", "brand": "Visa", "last_four": "4242", "amount": order.amount}],
        "order": order.public_id,
        "moved_at": NOW.isoformat(),
        "zone": "UTC",
        "is_supply": True,
        "tax_name": "",
        "corrects": "",
    }


def make_agreement(*, owner: User, **fields: Any) -> Agreement:
    """Make a consent to renew at US$14.90, given a month ago."""
    fields.setdefault("about", Agreement.About.RENEWAL)
    fields.setdefault("currency", "USD")
    fields.setdefault("amount", 1490)
    fields.setdefault("text", "Renew it until I turn this off.")
    fields.setdefault("version", "2026-11")
    fields.setdefault("agreed_at", NOW - timedelta(days=30))
    return Agreement.objects.create(owner=owner, **fields)


def make_subscription(*, line: Line, plan: Plan, **fields: Any) -> Subscription:
    """Make an automatic renewal that is due now."""
    fields.setdefault("mode", Subscription.Mode.AUTOMATIC)
    fields.setdefault("method", None)
    fields["method"] = fields["method"] or make_method(owner=line.owner)
    fields.setdefault("anchor_at", NOW - timedelta(days=30))
    fields.setdefault("charge_due_at", NOW)
    fields.setdefault("currency", "USD")
    fields.setdefault("consent_amount", 1490)
    if "agreement" not in fields and fields["mode"] != Subscription.Mode.OFF:
        fields["agreement"] = make_agreement(owner=line.owner, line=line, plan=plan, amount=fields["consent_amount"])
    return Subscription.objects.create(line=line, plan=plan, **fields)


def make_top_up_rule(*, line: Line, plan: Plan, **fields: Any) -> TopUpRule:
    """Make a rule that buys a data pack of US$6.00 by card when 20 % or less is left, three times a month at most."""
    fields.setdefault("kind", TopUpRule.Kind.DATA)
    fields.setdefault("low_percent", 20)
    fields.setdefault("consent_amount", 600)
    fields.setdefault("consent_terms", PlanTerms.of(plan).to_json())
    about = {"about": Agreement.About.DATA, "line": line, "plan": plan}
    return _make_rule(owner=line.owner, about=about, line=line, plan=plan, **fields)


def make_balance_rule(*, owner: User, **fields: Any) -> TopUpRule:
    """Make a rule that adds US$20.00 by card when less than US$5.00 is left, three times a month at most."""
    fields.setdefault("kind", TopUpRule.Kind.BALANCE)
    fields.setdefault("low_amount", 500)
    fields.setdefault("consent_amount", 2000)
    return _make_rule(owner=owner, about={"about": Agreement.About.BALANCE}, **fields)


def _make_rule(*, owner: User, about: dict[str, Any], **fields: Any) -> TopUpRule:
    fields.setdefault("currency", "USD")
    fields.setdefault("pay_from", Subscription.PayFrom.METHOD)
    fields.setdefault("max_times", 3)
    fields.setdefault("max_amount", fields["max_times"] * fields["consent_amount"])
    if "method" not in fields:
        fields["method"] = make_method(owner=owner)
    limits = {"max_times": fields["max_times"], "max_amount": fields["max_amount"]}
    if "agreement" not in fields:
        fields["agreement"] = make_agreement(owner=owner, amount=fields["consent_amount"], limits=limits, **about)
    return TopUpRule.objects.create(owner=owner, **fields)


def make_question(*, subscription: Subscription, **fields: Any) -> RenewalQuestion:
    """Make the question about the next period, put just now, three days before the paid time ends."""
    fields.setdefault("period_index", subscription.period_index)
    fields.setdefault("amount", subscription.consent_amount)
    fields.setdefault("asked_at", NOW)
    fields.setdefault("ends_at", NOW + timedelta(days=3))
    return RenewalQuestion.objects.create(subscription=subscription, currency=subscription.currency, **fields)


def make_charge(*, order: Order, **fields: Any) -> Charge:
    """Make a charge of US$14.90 that was paid at the sandbox."""
    number = next(_numbers)
    fields.setdefault("gateway", "sandbox")
    fields.setdefault("gateway_payment_id", f"pay_{number}")
    fields.setdefault("currency", order.currency)
    fields.setdefault("amount", order.amount)
    fields.setdefault("state", Charge.State.SUCCEEDED)
    fields.setdefault("settled_at", NOW)
    return Charge.objects.create(order=order, **fields)


def make_refund(*, charge: Charge, **fields: Any) -> Refund:
    """Make a refund of a whole charge that goes back to the payer and waits for a second person."""
    fields.setdefault("currency", charge.currency)
    fields.setdefault("amount", charge.amount)
    fields.setdefault("goes_to", Refund.Destination.PAYER)
    fields.setdefault("reason", Refund.Reason.COMPLAINT)
    fields.setdefault("created_at", NOW)
    return Refund.objects.create(order=charge.order, charge=charge, **fields)


def make_dispute(*, charge: Charge, **fields: Any) -> Dispute:
    """Make an open dispute about a whole charge, to be answered within a week."""
    number = next(_numbers)
    fields.setdefault("gateway", charge.gateway)
    fields.setdefault("gateway_dispute_id", f"dp_{number}")
    fields.setdefault("currency", charge.currency)
    fields.setdefault("amount", charge.amount)
    fields.setdefault("reason", "fraudulent")
    fields.setdefault("respond_by", NOW + timedelta(days=7))
    fields.setdefault("created_at", NOW)
    return Dispute.objects.create(charge=charge, **fields)


def make_outlet(**fields: Any) -> Outlet:
    """Make an outlet in the middle of Paris, open from Monday to Saturday."""
    number = next(_numbers)
    fields.setdefault("code", f"outlet-{number}")
    fields.setdefault("name", f"Rivoli {number}")
    fields.setdefault("city", "Paris")
    fields.setdefault("address", "12 rue de Rivoli\n75004 Paris")
    fields.setdefault("country", "FR")
    fields.setdefault("latitude", "48.8556")
    fields.setdefault("longitude", "2.3580")
    fields.setdefault("time_zone", "Europe/Paris")
    fields.setdefault("weekly_hours", {day: ["10:00-19:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat")})
    return Outlet.objects.create(**fields)


def encryption_key(key_id: str) -> str:
    """Make a key for secrets at rest, as PORTAL_ENCRYPTION_KEYS lists them."""
    return f"{key_id}:{base64.b64encode(os.urandom(32)).decode()}"


def picture(form: str = "JPEG", size: tuple[int, int] = (320, 240)) -> bytes:
    """A small photograph, as bytes."""
    out = io.BytesIO()
    Image.effect_noise(size, 40).convert("RGB").save(out, form)
    return out.getvalue()


def make_document(*, owner: User, **fields: Any) -> Document:
    """Make a row whose file was never written."""
    fields.setdefault("purpose", Document.Purpose.TICKET)
    document = Document(owner=owner, form="image/jpeg", size_bytes=1, **fields)
    document.stored_as = f"{next(_numbers):048x}"
    document.name, document.file_key = "passport.jpg", bytes(32)
    document.save()
    return document


def make_member(*, line: Line, user: User | None = None, role: str = Role.VIEWER) -> LineMember:
    """Let somebody see a line, or pay for it."""
    return LineMember.objects.create(line=line, user=user or make_user(), role=role, created_at=NOW)


def make_invitation(*, line: Line, **fields: Any) -> LineInvitation:
    """Make an invitation to see a line that waits for an answer for a week."""
    number = next(_numbers)
    fields.setdefault("email", f"invited{number}@example.com")
    fields.setdefault("role", Role.VIEWER)
    fields.setdefault("created_at", NOW)
    fields.setdefault("expires_at", NOW + timedelta(days=7))
    return LineInvitation.objects.create(line=line, invited_by=line.owner, **fields)


def make_move(*, line: Line, **fields: Any) -> LineMove:
    """Make an offer of a line to somebody, which waits for their yes; with `to_owner`, one that is to be done now."""
    number = next(_numbers)
    fields.setdefault("to_email", f"heir{number}@example.com")
    fields.setdefault("expires_at", NOW + timedelta(days=7))
    if fields.get("to_owner"):
        fields = {"state": LineMove.State.AGREED, "agreed_at": NOW, "moves_at": NOW, **fields}
    return LineMove.objects.create(line=line, from_owner=line.owner, created_at=NOW, **fields)


def make_coupon(*, code: str = "", code_uses: int | None = None, **fields: Any) -> Coupon:
    """Make a coupon of 10 % with one public code, without limits in all."""
    number = next(_numbers)
    fields.setdefault("slug", f"coupon-{number}")
    fields.setdefault("name", "Ten off")
    fields.setdefault("active_from", NOW - timedelta(days=1))
    if fields.setdefault("kind", Coupon.Kind.PERCENT) == Coupon.Kind.PERCENT:
        fields.setdefault("percent", 10)
    coupon = Coupon.objects.create(**fields)
    CouponCode.objects.create(coupon=coupon, code=code or f"CODE{number}", max_uses=code_uses)
    return coupon


def make_promotion(**fields: Any) -> Promotion:
    """Make a promotion of 20 % on every plan, running."""
    fields.setdefault("slug", f"promotion-{next(_numbers)}")
    fields.setdefault("name", "Spring sale")
    fields.setdefault("active_from", NOW - timedelta(days=1))
    if fields.setdefault("kind", Promotion.Kind.PERCENT) == Promotion.Kind.PERCENT:
        fields.setdefault("percent", 20)
    return Promotion.objects.create(**fields)


def make_application(*, owner: User, papers: int = 0, **fields: Any) -> SimApplication:
    """Make an application of a person, filled in but for its papers, whose files are never written."""
    application = SimApplication(owner=owner, **{"kind": "person", "delivery": "post", **fields})
    application.full_name, application.document_number = owner.full_name or "Ada Lin", "X1234567"
    application.document_type, application.document_expires_on = "passport", date(2031, 5, 31)
    application.address = "Ada Lin\n1 Main Street\n10115 Berlin"
    application.save()
    for _paper in range(papers):
        make_document(owner=owner, purpose="identity", about=application.public_id, added_at=NOW)
    return application


def make_announcement(**fields: Any) -> Announcement:
    """Make an announcement to everybody; pages show it at once."""
    fields.setdefault("title", "Slower on Sunday night")
    fields.setdefault("shown_from", NOW - timedelta(days=1))
    row = Announcement.objects.create(**fields)
    cache.delete(announcements.KEY)
    announcements.at_hand.clear()
    return row


def make_queued_plan(*, line: Line, **fields: Any) -> QueuedPlan:
    """Make a plan of US$14.90 that is paid and waits at the end of its line's queue."""
    number = next(_numbers)
    if "order" not in fields:
        plan = fields.pop("plan", None) or make_plan()
        sold = {"plan": plan, "plan_terms": PlanTerms.of(plan).to_json()}
        fields["order"] = make_order(owner=line.owner, line=line, state=Order.State.PAID, paid_at=NOW, **sold)
    return QueuedPlan.objects.create(line=line, **{"position": number, "created_at": NOW, **fields})


def make_article(**fields: Any) -> Article:
    """Make a published help article, in English only."""
    number = next(_numbers)
    fields.setdefault("slug", f"article-{number}")
    fields.setdefault("topic", Article.Topic.USING)
    fields.setdefault("title", f"Article {number}")
    fields.setdefault("body", "Switch it **off** and on.")
    return Article.objects.create(**fields)


def make_redemption(*, order: Order, **fields: Any) -> Redemption:
    """Make what a coupon of 10 % took off an order that waits for payment."""
    if "promotion" not in fields:
        coupon = fields.setdefault("coupon", make_coupon(used=1))
        fields.setdefault("code", coupon.codes.get())
    fields.setdefault("terms", {"name": "Ten off", "code": "AUTUMN10"})
    fields.setdefault("currency", order.currency)
    fields.setdefault("price", 1490)
    fields.setdefault("amount", 149)
    return Redemption.objects.create(order=order, user=order.owner, **fields)


def make_api_token(*, owner: User, **fields: Any) -> ApiToken:
    """Make a token of a subscriber's that may read lines, and whose secret nobody knows."""
    number = next(_numbers)
    fields.setdefault("name", "Home server")
    fields.setdefault("prefix", "esimp_abcdef")
    fields.setdefault("digest", f"{number:064}")
    fields.setdefault("scopes", ["lines:read"])
    fields.setdefault("expires_at", NOW + timedelta(days=3650))
    return ApiToken.objects.create(user=owner, **fields)


def make_referral_code(*, owner: User, **fields: Any) -> ReferralCode:
    """Make the code with which somebody invites others."""
    number = next(_numbers)
    return ReferralCode.objects.create(owner=owner, **{"code": f"come{number:06}", **fields})


def make_reward(**fields: Any) -> ReferralReward:
    """Offer US$5.00 to who invites and US$3.00 to who is invited."""
    return ReferralReward.objects.create(
        **{"currency": "USD", "referrer_amount": 500, "newcomer_amount": 300, "is_on": True, **fields}
    )


def make_consent(**fields: Any) -> Consent:
    """What somebody agrees to who has it renewed by card for US$14.90."""
    given = {
        "price": Money(1490, "USD"),
        "pay_from": Subscription.PayFrom.METHOD,
        "text": "Renew it.",
        "version": "2026-11",
    }
    return Consent(**{**given, "ip": None, **fields})
