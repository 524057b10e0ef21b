"""Asking for help."""

from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models.users import User

MESSAGE_LENGTH = 4000


class TicketQuerySet(models.QuerySet["Ticket"]):
    def owned_by(self, user: "User") -> "TicketQuerySet":
        return self.filter(owner=user)

    def for_staff(self) -> "TicketQuerySet":
        """Those whose next word is ours; walks the index ticket_for_staff."""
        return self.filter(state__in=sorted(Ticket.State.OURS))

    def untold(self) -> "TicketQuerySet":
        """Those of which staff have not heard since the last message."""
        return self.for_staff().filter(Q(told_up_to=None) | Q(told_up_to__lt=F("moved_at")))


class Ticket(models.Model):
    """Something a person asked, or the portal noticed by itself and asks staff to look at.

    `about` holds public ids, as text, whichever app they live in; `references` what only staff may read.
    `key` names what it was opened for: opening it again is the same ticket.
    """

    class Kind(models.TextChoices):
        ORDER_DELAYED = "order_delayed", _("an order that takes too long")
        REPLACEMENT = "replacement", _("moving a line to another device")
        PAYMENT = "payment", _("paying, refunds and receipts")
        RENEWAL = "renewal", _("renewing and auto-renewal")
        SERVICE = "service", _("data, calls or installing")
        ACCOUNT = "account", _("signing in and the account")
        OTHER = "other", _("something else")

        AUTOMATIC = nonmember(frozenset({"order_delayed", "replacement"}))

    class State(models.TextChoices):
        OPEN = "open", _("waits for us")
        ANSWERED = "answered", _("answered")
        WAITING = "waiting", _("waits for us again")
        CLOSED = "closed", _("closed")

        OURS = nonmember(frozenset({"open", "waiting"}))

    public_id = PublicIdField(prefix="tkt")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tickets", verbose_name=_("owner")
    )
    kind = models.CharField(_("about what"), max_length=20, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    key = models.CharField(_("key"), max_length=120, unique=True, editable=False)
    context = models.JSONField(_("context"), default=dict, blank=True, help_text=_("Plain values its words need."))
    about = models.JSONField(_("about"), default=list, blank=True, help_text=_("Public ids of what it is about."))
    references = models.JSONField(_("references"), default=dict, blank=True, help_text=_("For staff only."))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, editable=False)
    moved_at = models.DateTimeField(_("last message"), default=timezone.now, editable=False)
    told_up_to = models.DateTimeField(_("staff told up to"), null=True, blank=True, editable=False)
    first_answered_at = models.DateTimeField(_("first answered"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="ticket_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-moved_at"], name="ticket_by_owner"),
            models.Index(fields=["opened_at"], condition=Q(state__in=["open", "waiting"]), name="ticket_for_staff"),
            models.Index(
                fields=["id"], condition=Q(kind="order_delayed") & ~Q(state="closed"), name="ticket_of_delay_open"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_ours(self) -> bool:
        """Whether the next word is ours."""
        return self.state in Ticket.State.OURS

    @property
    def is_automatic(self) -> bool:
        return self.kind in Ticket.Kind.AUTOMATIC


class TicketMessage(models.Model):
    """One message of a ticket: what a person wrote, or a kind and its plain values, put into words when read."""

    class Author(models.TextChoices):
        USER = "user", _("subscriber")
        STAFF = "staff", _("support")
        SYSTEM = "system", _("the portal")

    public_id = PublicIdField(prefix="msg")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="messages", verbose_name=_("ticket"))
    author = models.CharField(_("author"), max_length=6, choices=Author.choices)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("member of staff"),
    )
    key = models.CharField(_("key"), max_length=120, unique=True, editable=False)
    text = models.TextField(_("text"), max_length=MESSAGE_LENGTH, blank=True)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    context = models.JSONField(_("context"), default=dict, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("message of a ticket")
        verbose_name_plural = _("messages of tickets")
        constraints = [
            models.CheckConstraint(
                condition=Q(author="system", text="") & ~Q(kind="") | ~Q(author="system") & ~Q(text=""),
                name="ticket_message_says_something",
            ),
            models.CheckConstraint(
                condition=Q(author="staff", staff__isnull=False) | ~Q(author="staff"), name="ticket_message_names_staff"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
