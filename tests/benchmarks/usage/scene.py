"""Lines with a plan, one in ten with a pack besides."""

from datetime import timedelta

from accounts.models import User
from esim.models import Allowance, Line, SimProfile
from portal.lib.data_size import GB
from tests import make
from tests.benchmarks.copies import FIRST, OWN, multiply, public_id, seeding
from tests.benchmarks.usage.records import BEGAN, NOW, PACK_IN, iccid_of


def seed(lines: int) -> None:
    """Fill an empty database with so many lines; each has a plan of 3 GB, and one in ten a pack that ends with it."""
    owner = make.make_user()
    line = make.make_line(owner=owner, created_at=NOW - timedelta(days=90))
    profile = make.make_profile(line=line)
    span = {"starts_at": BEGAN, "ends_at": NOW + timedelta(days=1), "data_bytes": 3 * GB}
    plan = make.make_allowance(line=line, **span)
    pack = make.make_allowance(line=line, is_data_pack=True, **{**span, "starts_at": NOW - timedelta(days=9)})
    with seeding():
        multiply(User, owner, lines, {"email": "'person' || copy.n || '@example.net'"})
        number = "'+1' || (2000000000 + copy.n)"
        multiply(Line, line, lines, {"owner_id": OWN, "msisdn": number, "opened_for": "''"})
        multiply(SimProfile, profile, lines, {"line_id": OWN, "iccid": f"({iccid_of(0)} + {OWN})::text"})
        multiply(Allowance, plan, lines, {"line_id": OWN, "granted_for": "'plan_' || copy.n"})
        pack_line = {
            "line_id": f"{FIRST} + {PACK_IN} * copy.n",
            "id": f"{FIRST + lines} + copy.n",
            "public_id": public_id("alw", salt="pack"),
        }
        multiply(Allowance, pack, lines // PACK_IN, {**pack_line, "granted_for": "'pack_' || copy.n"})
