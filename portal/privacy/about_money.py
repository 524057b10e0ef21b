"""What the billing app keeps about a person."""

from portal.privacy.rows import OnClosing, Rows

REMOVED = OnClosing.REMOVED
LAW = "books and vouchers, for the term of the law"
CLAIMS = "refunds and disputes go back to it"

MONEY = (
    Rows(
        model="billing.Agreement",
        of=("owner",),
        told="public_id about line plan currency amount terms limits paid_with text version agreed_at ip",
        inner="id owner",
        because="what was agreed to, and by whom",
    ),
    Rows(
        model="billing.BillingDetails",
        of=("owner",),
        told="name address country tax_id attach_to_mails",
        inner="id owner",
        on_closing=REMOVED,
    ),
    Rows(
        model="billing.PaymentMethod",
        of=("owner",),
        told="public_id gateway brand last_four expires_month expires_year is_default consent created_at removed_at",
        inner="id owner",
        secret="reference",  # noqa: S106
        because=CLAIMS,
    ),
    Rows(
        model="billing.CardPage",
        of=("owner",),
        told="public_id gateway created_at",
        inner="id owner page_id consent",
        on_closing=REMOVED,
    ),
    Rows(model="billing.GatewayCustomer", of=("owner",), told="gateway", inner="id owner reference", because=CLAIMS),
    Rows(
        model="billing.SeenCard",
        of=("owner",),
        told="seen_at",
        inner="id owner",
        secret="fingerprint",  # noqa: S106
        on_closing=REMOVED,
    ),
    Rows(
        model="billing.Subscription",
        of=("line__owner",),
        told="public_id line plan mode state pay_from method backup_method charge_due_at currency consent_amount"
        " consent_terms max_times max_amount reason decided_at created_at",
        inner="id phase uses_backup anchor_at anchor_index period_index declines lease_until fence agreement asked_index"
        " approved_index notice_due_at notice_for notice_amount suspend_due_at",
        because=LAW,
    ),
    Rows(
        model="billing.RenewalQuestion",
        of=("subscription__line__owner",),
        told="currency amount asked_at ends_at answer answered_at",
        inner="id subscription period_index answered_from",
        because="what was agreed to, and by whom",
    ),
    Rows(
        model="billing.TopUpRule",
        of=("owner",),
        told="public_id kind line plan is_on state low_percent low_amount pay_from method currency consent_amount"
        " consent_terms max_times max_amount reason decided_at created_at",
        inner="id owner agreement next_index declines wait_until lease_until fence",
        because=LAW,
    ),
    Rows(
        model="billing.Order",
        of=("owner",),
        told="public_id kind state line plan plan_terms nickname currency amount wallet_amount refunded_wallet_amount"
        " trigger starts_at ends_at created_at expires_at paid_at accepted_at sent_at confirmed_at",
        inner="id owner phase form_key subscription period_index top_up_rule top_up_index agreement lease_until fulfil_due_at"
        " fulfil_attempts end_due_at is_invoiced note",
        because=LAW,
        blanked={"nickname": ""},
    ),
    Rows(
        model="billing.QueuedPlan",
        of=("order__owner",),
        told="public_id line order position state created_at decided_at",
        inner="id by_wish taken_in_at",
        because=LAW,
    ),
    Rows(
        model="billing.Redemption",
        of=("user",),
        told="order coupon promotion state terms currency price amount bonus_bytes extra_count extra_unit created_at",
        inner="id user code slot is_first_purchase settled_at",
        because=LAW,
    ),
    Rows(model="billing.CodeAttempt", of=("user",), told="at", inner="id user source is_customer", on_closing=REMOVED),
    Rows(
        model="billing.LineClaim",
        of=("user",),
        told="asked_at expires_at used_at tries",
        inner="id user asked order",  # whose order it was is not theirs to know
        on_closing=REMOVED,
    ),
    Rows(
        model="billing.PayLink",
        of=("order__owner",),
        told="public_id order shown_as created_at withdrawn_at",
        inner="id receipt_email receipt_language",  # of whoever paid
        secret="token_hash",  # noqa: S106
        because=LAW,
        blanked={"receipt_email": "", "shown_as": ""},
    ),
    Rows(
        model="billing.Charge",
        of=("order__owner",),
        told="public_id order gateway gateway_payment_id gateway_transaction_id paid_with method currency amount"
        " refunded_amount state decline_code created_at settled_at",
        inner="id off_session by_link save_method card_consent check_due_at checks phase kept_payment_id",
        secret="page_url",  # noqa: S106
        because=LAW,
    ),
    Rows(
        model="billing.Refund",
        of=("order__owner",),
        told="public_id order charge currency amount goes_to reason state created_at settled_at",
        inner="id taken_from note takes_back failure requested_by approved_by tries_again payout gateway_refund_id check_due_at"
        " checks",
        because=LAW,
    ),
    Rows(
        model="billing.Dispute",
        of=("charge__order__owner",),
        told="public_id charge state currency amount reason created_at closed_at",
        inner="id gateway gateway_dispute_id respond_by is_withdrawn withdrawals credited_amount frozen_amount check_due_at"
        " settled_by",
        because=LAW,
    ),
    Rows(
        model="billing.Invoice",
        of=("owner",),
        told="public_id kind number order currency amount tax_country tax_basis_points tax_amount details issued_at",
        inner="id series position owner corrects refund_key language",
        because=LAW,
    ),
    Rows(
        model="billing.LedgerAccount",
        of=("owner",),
        told="kind currency balance",
        inner="id owner gateway",
        because=LAW,
    ),
    Rows(
        model="billing.Leftover",
        of=("account__owner",),
        told="public_id account currency amount way state created_at decided_at",
        inner="id reason refusal requested_by decided_by",
        because=LAW,
    ),
    Rows(
        model="billing.Payout",
        of=("account__owner",),
        told="public_id account currency amount by_hand_amount reason reference state created_at decided_at ended_at",
        inner="id refusal requested_by decided_by",
        because=LAW,
    ),
    Rows(
        model="billing.LedgerEntry",
        of=("debit_account__owner", "credit_account__owner"),
        told="key kind currency amount order at",
        inner="id debit_account credit_account charge",
        because=LAW,
    ),
    Rows(
        model="billing.ReferralCredit",
        of=("referral__referrer", "referral__newcomer"),
        told="state currency decided_at",
        inner="id referral reason order referrer_amount newcomer_amount",
        because=LAW,
    ),
    Rows(
        model="billing.PlanNudge",
        of=("line__owner",),
        told="line looked_at plan instead_of currency cost cost_now days",
        inner="id basis",
        on_closing=REMOVED,
    ),
    Rows(
        model="billing.NudgeDismissal",
        of=("line__owner",),
        told="line plan at",
        inner="id basis",
        on_closing=REMOVED,
    ),
)
