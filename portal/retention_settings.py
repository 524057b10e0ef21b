"""How long what is about people is kept; see docs/privacy.md."""

import os
from datetime import timedelta

from portal.environment import checked_int

PORTAL_EXPORT_KEPT = timedelta(days=7)
PORTAL_CLOSING_AFTER = timedelta(
    days=checked_int(os.environ, "PORTAL_CLOSING_AFTER_DAYS", default=7, minimum=1, maximum=90)
)
# How long what is over is kept; books and the audit trail stay for the term of the law.
PORTAL_NOTICES_KEPT = timedelta(
    days=checked_int(os.environ, "PORTAL_NOTICES_KEPT_DAYS", default=400, minimum=60, maximum=3650)
)
PORTAL_EVENTS_KEPT = timedelta(
    days=checked_int(os.environ, "PORTAL_EVENTS_KEPT_DAYS", default=180, minimum=30, maximum=3650)
)
PORTAL_USAGE_KEPT = timedelta(
    days=checked_int(os.environ, "PORTAL_USAGE_KEPT_DAYS", default=800, minimum=120, maximum=3650)
)
PORTAL_TICKETS_KEPT = timedelta(
    days=checked_int(os.environ, "PORTAL_TICKETS_KEPT_DAYS", default=1095, minimum=30, maximum=3650)
)
# How long papers are kept after the decision they were for, and what nobody finished after its last change.
PORTAL_DOCUMENT_RETENTION = timedelta(
    days=checked_int(os.environ, "PORTAL_DOCUMENT_RETENTION_DAYS", default=30, minimum=1, maximum=3650)
)
PORTAL_DRAFT_KEPT = timedelta(days=checked_int(os.environ, "PORTAL_DRAFT_DAYS", default=30, minimum=1, maximum=365))
