"""Lines by the million, of which one in a hundred has a plan about to end."""

from datetime import timedelta

from accounts.models import User
from esim.models import Allowance, Line
from tests import make
from tests.benchmarks.copies import OWN, multiply, seeding

DUE_IN = 100
LATER = timedelta(days=10)
DAYS_LEFT = 3
IS_DUE = f"copy.n %% {DUE_IN} = 0"
NOW = make.NOW


def seed(count: int) -> None:
    """Fill an empty database with so many lines, each with a plan of 30 days and an owner who reads e-mail.

    Where nothing is due the plan ends ten days later, and the row is looked at then.
    """
    owner = make.make_user()
    line = make.make_line(owner=owner)
    ends_at = NOW + timedelta(days=DAYS_LEFT)
    plan = make.make_allowance(line=line, starts_at=ends_at - timedelta(days=30), ends_at=ends_at, remind_due_at=NOW)
    later = f"CASE WHEN {IS_DUE} THEN interval '0' ELSE interval '{LATER.days} days' END"
    shift = "copy.n %% 3600 * interval '1 second'"
    with seeding():
        multiply(User, owner, count, {"email": "'person' || copy.n || '@example.net'"})
        multiply(
            Line,
            line,
            count,
            {
                "owner_id": OWN,
                "msisdn": "'+1' || (2000000000 + copy.n)",
                "opened_for": "''",
                "keep_alive_due_at": "NULL",
            },
        )
        multiply(
            Allowance,
            plan,
            count,
            {
                "line_id": OWN,
                "granted_for": "'bought_' || copy.n",
                "starts_at": f'"starts_at" + {later} - {shift}',
                "ends_at": f'"ends_at" + {later} - {shift}',
                "remind_due_at": f'"remind_due_at" + {later} - {shift}',
            },
        )
    for model, column in ((Allowance, "remind_due_at"), (Line, "keep_alive_due_at")):
        model.objects.filter(pk__in=[plan.pk, line.pk]).update(**{column: None})
