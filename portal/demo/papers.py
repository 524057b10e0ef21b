"""What the demo's subscriber applied for: a card begun, one being checked, one approved; with papers of nobody's."""

import io
from datetime import datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from accounts.models import User
from esim import application_review, applications
from esim.models import Outlet, SimApplication

Kind, Delivery = SimApplication.Kind, SimApplication.Delivery


def apply_for_cards(owner: User, staff: User, *, now: datetime) -> None:
    approved = _begin(owner, at=now - timedelta(days=4))
    _fill_in(approved, outlet=Outlet.objects.for_pick_up().filter(city="Berlin").first(), now=now - timedelta(days=4))
    applications.submit(approved, ip=None, now=now - timedelta(days=4))
    seen = now - timedelta(days=3, hours=2)
    application_review.approve(application=approved, staff=staff, seen_round=1, two_people=False, ip=None, now=seen)

    waiting = applications.begin(owner=owner, kind=Kind.BUSINESS, now=now - timedelta(hours=5))
    _fill_in_business(waiting, now=now - timedelta(hours=5))
    applications.submit(waiting, ip=None, now=now - timedelta(hours=4))

    draft = _begin(owner, at=now - timedelta(hours=1))
    applications.add_paper(draft, specimen(owner, "Passport", "front.png"), now=now - timedelta(hours=1))


def specimen(owner: User, title: str, name: str) -> SimpleUploadedFile:
    """Draw a paper that nobody can take for a real one."""
    card = Image.new("RGB", (860, 540), "#eef1f8")
    draw = ImageDraw.Draw(card)
    draw.rounded_rectangle((16, 16, 844, 524), radius=28, outline="#6a74b4", width=6)
    draw.rectangle((56, 150, 276, 430), fill="#c9cfe6")
    draw.ellipse((116, 190, 216, 300), fill="#8d97c6")
    draw.pieslice((86, 310, 246, 470), 180, 360, fill="#8d97c6")
    for line, text in enumerate((title.upper(), owner.full_name.upper(), "X1234567", "2031-05-31")):
        draw.text((320, 90 + 90 * line), text, fill="#2b3566", font_size=44 if line == 0 else 38)
    draw.text((330, 450), "SPECIMEN · DEMO", fill="#b4536a", font_size=36)
    out = io.BytesIO()
    card.save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def _begin(owner: User, *, at: datetime) -> SimApplication:
    begun = applications.begin(owner=owner, kind=Kind.PERSON, now=at)
    person = {
        "full_name": owner.full_name,
        "document_type": SimApplication.DocumentType.PASSPORT,
        "document_number": "X1234567",
        "document_expires_on": (at + timedelta(days=1600)).date(),
    }
    applications.save_details(begun, person, now=at)
    return begun


def _fill_in(application: SimApplication, *, outlet: Outlet | None, now: datetime) -> None:
    applications.add_paper(application, specimen(application.owner, "Passport", "passport.png"), now=now)
    delivery = Delivery.PICKUP if outlet else Delivery.POST
    applications.save_delivery(
        application, delivery=delivery, outlet=outlet, address="" if outlet else "1 Main Street\n10115 Berlin", now=now
    )


def _fill_in_business(application: SimApplication, *, now: datetime) -> None:
    business = {
        "company_name": "Lindqvist Travel GmbH",
        "registration_number": "HRB 123456 B",
        "contact_name": application.owner.full_name,
        "contact_phone": "+49 30 23125 099",
    }
    applications.save_details(application, business, now=now)
    applications.add_paper(application, specimen(application.owner, "Business licence", "licence.png"), now=now)
    address = "Lindqvist Travel GmbH\n1 Main Street\n10115 Berlin"
    applications.save_delivery(application, delivery=Delivery.POST, outlet=None, address=address, now=now)
