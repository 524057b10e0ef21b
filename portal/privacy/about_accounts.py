"""What the accounts app, and the libraries behind signing in, keep about a person."""

from portal.privacy.rows import OnClosing, Rows

REMOVED = OnClosing.REMOVED
SECURITY = "proof of who did what, against which claims may be made"

ACCOUNTS = (
    Rows(
        model="accounts.User",
        of=("pk",),
        told="public_id email phone phone_verified full_name language time_zone currency notify_by_email notify_by_sms"
        " quiet_from quiet_until is_active locked_at created_at last_login",
        inner="id is_superuser is_staff calendar_version",
        secret="password",  # noqa: S106 - the name of a field
        because="the books hang on the row; closing empties it",
    ),
    Rows(
        model="account.EmailAddress",
        of=("user",),
        told="email verified primary",
        inner="id user",
        on_closing=REMOVED,
    ),
    Rows(
        model="account.EmailConfirmation",
        of=("email_address__user",),
        told="created sent",
        inner="id email_address",
        secret="key",  # noqa: S106
        on_closing=REMOVED,
    ),
    Rows(
        model="mfa.Authenticator",
        of=("user",),
        told="type created_at last_used_at",
        inner="id user",
        secret="data",  # noqa: S106
        on_closing=REMOVED,
    ),
    Rows(
        model="usersessions.UserSession",
        of=("user",),
        told="created_at ip last_seen_at user_agent",
        inner="id user",
        secret="session_key data",  # noqa: S106
        on_closing=REMOVED,
    ),
    Rows(
        model="admin.LogEntry",
        of=("user",),
        told="action_time object_repr change_message",
        inner="id user content_type object_id action_flag",
        because="what staff changed",
    ),
    Rows(
        model="accounts.AuditEvent",
        of=("subject",),
        told="at action target detail own_ip_address",
        inner="id actor subject ip_address",
        because=SECURITY,
    ),
    Rows(
        model="accounts.Notification",
        of=("user",),
        told="public_id channel kind state subject body created_at sent_at",
        inner="id key user context attempts due_at lease_until error",
        on_closing=REMOVED,
    ),
    Rows(
        model="accounts.Ticket",
        of=("owner",),
        told="public_id kind state about context opened_at moved_at first_answered_at closed_at",
        inner="id owner assignee key references told_up_to",
        because="what was asked and answered, for as long as claims may be made",
        blanked={"context": {}, "references": {}},
    ),
    Rows(
        model="accounts.TicketMessage",
        of=("ticket__owner",),
        told="public_id author text kind context at",
        inner="id ticket staff key",
        because="what was asked and answered, for as long as claims may be made",
    ),
    Rows(
        model="accounts.TicketNote",
        of=("ticket__owner",),
        told="text at",
        inner="id ticket staff key",
        on_closing=REMOVED,
    ),
    Rows(
        model="accounts.ArticleFeedback",
        of=(),
        told="article is_useful words language at",
        inner="id voter",
        because="`voter` is a fingerprint that leads back to nobody",
    ),
    Rows(
        model="accounts.ApiToken",
        of=("user",),
        told="public_id name prefix scopes created_at expires_at last_used_at revoked_at",
        inner="id user source",
        secret="digest",  # noqa: S106
        on_closing=REMOVED,
    ),
    Rows(
        model="accounts.ApiCall",
        of=("token__user",),
        inner="id token key fingerprint attempts lease_until status body created_at",
        on_closing=REMOVED,
    ),
    Rows(model="accounts.Business", of=("user",), told="created_at", inner="id user", on_closing=REMOVED),
    Rows(
        model="accounts.Document",
        of=("owner",),
        told="public_id purpose about form name size_bytes pages added_at erase_at erased_at",
        inner="id owner name_ciphertext stored_as",
        secret="data_key_ciphertext",  # noqa: S106
        because="the row says that there was a file; the file and its key are erased",
    ),
    Rows(
        model="accounts.DataExport",
        of=("user",),
        told="public_id asked_at",
        inner="id user document lease_until attempts",
        because="who asked for a copy, and when",
    ),
    Rows(
        model="accounts.AccountClosing",
        of=("user",),
        told="public_id state given_up asked_at closes_at ended_at",
        inner="id user look_at held_by",
        because="that the account was closed because its owner asked",
    ),
    Rows(
        model="accounts.AddressChange",
        of=("user",),
        told="public_id kind address removes_phone reason state created_at decided_at changes_at proved_at ended_at",
        inner="id user refusal requested_by decided_by",
        because=SECURITY,
        blanked={"address": ""},
    ),
    Rows(
        model="accounts.ReferralCode",
        of=("owner",),
        told="code created_at",
        inner="id owner",
        on_closing=REMOVED,
    ),
    Rows(
        model="accounts.KnownDevice",
        of=("owner",),
        told="device seen_at",
        inner="id owner",
        on_closing=REMOVED,
    ),
    Rows(
        model="accounts.Referral",
        of=("referrer", "newcomer"),
        told="public_id joined_at",
        inner="id referrer newcomer mailbox device",
        because="a reward of somebody else hangs on it",
        blanked={"mailbox": "", "device": ""},
    ),
)
