"""Models whose rows are about no subscriber, and the people among their fields: members of staff."""

NOBODY = frozenset(
    {
        "auth.Permission",
        "auth.Group",
        "contenttypes.ContentType",
        "sessions.Session",  # nothing but what a sign-in needs; ends with it, and with the account
        "accounts.Article",
        "accounts.ReplyTemplate",
        "accounts.HeldValue",  # its names are hashes
        "accounts.OutboxMessage",  # of a demo
        "accounts.OutboxAttachment",
        "accounts.WebhookEndpoint",
        "accounts.WebhookSecret",
        "accounts.WebhookMessage",  # public ids and states, for the operator's own systems
        "accounts.WebhookDelivery",
        "accounts.WebhookCursor",
        "plans.Announcement",
        "plans.AnnouncementDismissal",  # `reader` is a fingerprint
        "plans.Coupon",
        "plans.CouponCode",
        "plans.Plan",
        "plans.PlanPrice",
        "plans.Promotion",
        "plans.SoldTerms",
        "esim.Outlet",
        "esim.CarrierEvent",  # by ICCID; forgotten after a while
        "esim.CarrierProduct",
        "esim.CarrierOrder",
        "esim.QuarantinedUsage",
        "esim.UsageImport",
        "billing.ChargingStop",
        "billing.ComparedDay",
        "billing.Discrepancy",
        "billing.GatewayEvent",  # its payload is forgotten after a while
        "billing.EventsCursor",
        "billing.InvariantReport",
        "billing.InvoiceSeries",
        "billing.ReferralReward",
        "billing.SandboxCard",  # of a demo
        "billing.SandboxPayment",
        "billing.SandboxRefund",
        "billing.SandboxDispute",
        "billing.TaxRate",
    }
)
"""The history of each, which names who of the staff changed it, goes without saying."""

STAFF_FIELDS = frozenset({"history_user", "stopped_by", "lifted_by", "resolved_by", "acknowledged_by"})
"""Who of the staff did something; any other field that points to a person is about a subscriber."""
