"""Who can sign in to the demo."""

from dataclasses import dataclass, field
from typing import Any

from allauth.account.models import EmailAddress

from accounts.models import User

PASSWORD = "demo-portal-2026"  # noqa: S105 - printed on the sign-in page of the demo


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    what: str
    fields: dict[str, Any] = field(default_factory=dict)


SUBSCRIBER = Person(
    "demo@example.com",
    "subscriber with four lines",
    {
        "full_name": "Mei Lindqvist",
        "phone": "+14155550142",
        "phone_verified": True,
        "time_zone": "Europe/Berlin",
        "currency": "USD",
    },
)
STRANGER = Person("stranger@example.com", "another subscriber", {"full_name": "Tomás Rivera", "currency": "EUR"})
STAFF = Person(
    "staff@example.com", "staff, for /admin/", {"full_name": "Kim Staff", "is_staff": True, "is_superuser": True}
)
FAMILY = Person(
    "family@example.com",
    "sees lines of others, and pays for one",
    {"full_name": "Noor Lindqvist", "time_zone": "Europe/Berlin"},
)
BUSINESS = Person(
    "business@example.com",
    "a small business account",
    {"full_name": "Ines Moreau", "time_zone": "Europe/Berlin", "currency": "EUR"},
)
PEOPLE = (SUBSCRIBER, STRANGER, FAMILY, BUSINESS, STAFF)


def make_person(person: Person) -> User:
    """Return this person's account, made with the demo password if there is none."""
    user = User.objects.filter(email=person.email).first()
    if user is None:
        user = User.objects.create_user(person.email, PASSWORD, **person.fields)
        EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    return user
