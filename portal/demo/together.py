"""Several people: a family that shares a line, and a small company whose lines its people use."""

from datetime import datetime, timedelta

from accounts.models import Business, User
from billing.buyer_details import details_of
from esim import invitations
from esim.models import Line, Role
from portal.demo.people import BUSINESS, FAMILY, make_person
from portal.demo.shopping import GOOD_CARD, Shop

HOUR = timedelta(hours=1)


def share_in_the_family(owner: User, *, now: datetime) -> None:
    """Mei's brother sees the Berlin line and may pay for the work phone; somebody else was asked, too."""
    brother = make_person(FAMILY)
    _let_in(owner, brother, "Berlin", Role.VIEWER, at=now - timedelta(days=3))
    _let_in(owner, brother, "Work phone", Role.PAYER, at=now - timedelta(days=2))
    line = Line.objects.get(owner=owner, nickname="Work phone")
    invitations.invite(
        line=line, by=owner, email="accounts@example.net", role=Role.PAYER, ip=None, now=now - timedelta(hours=20)
    )


def open_a_business(*, shop: Shop, now: datetime) -> None:
    """A bakery with a van, a till and a manager's phone, which the manager sees."""
    owner, began = make_person(BUSINESS), now - timedelta(days=12)
    Business.objects.create(user=owner, created_at=began)
    details = details_of(owner, to_change=True)
    details.name, details.tax_id = "Crust & Crumb Ltd", "DE811907980"
    details.save(update_fields=["name", "tax_id"])
    wanted = [("Delivery van", "Logistics", "europe-20gb-30day"), ("Till", "Shop 1", "europe-20gb-30day")]
    for number, (name, centre, code) in enumerate(wanted):
        at = began + number * HOUR
        if number:
            line = shop.buy(owner, code, nickname=name, at=at)
        else:
            line = shop.buy(owner, code, nickname=name, at=at, card=GOOD_CARD)
        Line.objects.filter(pk=line.pk).update(cost_centre=centre)
    _let_in(owner, make_person(FAMILY), "Till", Role.VIEWER, at=now - timedelta(days=4))


def _let_in(owner: User, member: User, nickname: str, role: Role, *, at: datetime) -> None:
    line = Line.objects.get(owner=owner, nickname=nickname)
    invitation = invitations.invite(line=line, by=owner, email=member.email, role=role, ip=None, now=at)
    invitations.accept(invitation=invitation, user=member, ip=None, now=at + timedelta(minutes=9))
