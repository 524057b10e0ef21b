"""Requests for help in the demo: answered, open and with a picture, and what readers thought of the articles."""

from datetime import datetime, timedelta
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from accounts import article_opinions, ticket_desk, ticket_files, tickets
from accounts.models import Article, Ticket, User
from billing.models import Order
from esim.models import Line

SETTLED = (
    ("account", "I signed in from a hotel and got a code twice. Is that normal?", 12),
    ("renewal", "Does the new period begin today or when the old one ends?", 25),
    ("service", "The phone shows 3G only. Is that all there is in Lisbon?", 44),
    ("payment", "I need the receipt for April with my company on it.", 61),
)
"""Kind, question, and after how many minutes it was answered."""

OPINIONS = (("roaming", 9, 1), ("payment-failed", 6, 3), ("which-plan", 4, 0), ("install-esim", 5, 2))
WORDS = "It does not say where to find the APN on my phone."


def ask_for_help(owner: User, staff: User, *, at: datetime) -> None:
    """Ask about the pack that was declined and bought again, and be answered within the hour."""
    order = Order.objects.owned_by(owner).filter(kind=Order.Kind.TOP_UP).order_by("created_at").first()
    ticket = tickets.open_ticket(
        user=owner,
        key="demo-declined-pack",
        kind=Ticket.Kind.PAYMENT,
        context={},
        about=[order.public_id] if order else [],
        text="My card was declined and then it worked. Was I charged twice for the 5 GB?",
        now=at,
    )
    tickets.reply(
        ticket=ticket,
        text="No, once. The first try was refused by your bank for want of funds, and nothing was taken. The second one"
        " paid for the order, and the 5 GB were on your line a minute later. Its receipt is on the page of the order.",
        key="demo-declined-pack-answer",
        staff=staff,
        now=at + timedelta(minutes=38),
    )


def fill_the_desk(owner: User, staff: User, line: Line, *, now: datetime) -> None:
    """Leave a day's work at the desk of support: some of it settled, one request with a picture and a note waiting."""
    for number, (kind, text, minutes) in enumerate(SETTLED, start=1):
        asked = now - timedelta(days=number * 5, hours=number)
        ticket = _open(owner, f"demo-settled-{number}", kind, text, about=[], at=asked)
        done = asked + timedelta(minutes=minutes)
        tickets.reply(
            ticket=ticket, text="Thank you for asking. Yes.", key=f"{ticket.key}-answer", staff=staff, now=done
        )
        tickets.close(ticket=ticket, staff=staff, now=done + timedelta(hours=3))
    asked = now - timedelta(hours=2)
    waits = _open(owner, "demo-no-data", "service", "No data since noon, this is what I see.", about=[line], at=asked)
    picture = SimpleUploadedFile("screenshot.png", _screenshot(), content_type="image/png")
    document = ticket_files.take(owner=owner, upload=picture, now=asked)
    ticket_files.attach(document=document, message=waits.messages.earliest("pk"))
    ticket_desk.note(
        ticket=waits, staff=staff, text="Network shows him attached. Roaming is off, I bet.", key="demo-note", now=asked
    )


def judge_articles(*, now: datetime) -> None:
    """Have readers say whether the articles helped."""
    for slug, yes, no in OPINIONS:
        article = Article.objects.get(slug=slug)
        for number in range(yes + no):
            article_opinions.opine(
                article=article,
                voter=article_opinions.voter(f"demo-{number}"),
                is_useful=number < yes,
                words=WORDS if number == yes and slug == "install-esim" else "",
                language="en",
                now=now - timedelta(hours=number),
            )


def _open(owner: User, key: str, kind: str, text: str, *, about: list[Line], at: datetime) -> Ticket:
    named = [line.public_id for line in about]
    return tickets.open_ticket(user=owner, key=key, kind=Ticket.Kind(kind), context={}, about=named, text=text, now=at)


def _screenshot() -> bytes:
    """Draw what a phone without data looks like, roughly."""
    picture = Image.new("RGB", (360, 240), "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 360, 28), fill="#223")
    pen.text((12, 9), "12:04", fill="white")
    pen.text((250, 9), "No service", fill="white")
    pen.text((40, 110), "You are not connected to the internet.", fill="#333")
    kept = BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()
