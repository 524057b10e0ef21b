"""Applying for a physical SIM card."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.cards import SimCard
from esim.models.lines import Line
from esim.models.outlets import Outlet
from portal.lib.crypto import Sealed
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User

TEXT_LENGTH = 1000


class SimApplicationQuerySet(models.QuerySet["SimApplication"]):
    def owned_by(self, user: "User") -> "SimApplicationQuerySet":
        return self.filter(owner=user)

    def open(self) -> "SimApplicationQuerySet":
        """Those that are not over: a card may still come of them."""
        return self.filter(state__in=sorted(SimApplication.State.OPEN))

    def to_forget(self, now: datetime) -> "SimApplicationQuerySet":
        """Those whose particulars are to be forgotten; walks the index application_to_forget."""
        return self.filter(forgotten_at__isnull=True, forget_at__lte=now).order_by("forget_at", "id")


class SimApplication(models.Model):
    """One wish for a physical SIM card, from the first step until the card works.

    `round` counts how often it was sent to us: a decision is taken on the round that was read. What identifies the
    person is sealed, and forgotten with the documents at `forget_at`; that there was an application stays.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("a person")
        BUSINESS = "business", _("a business")

    class State(models.TextChoices):
        DRAFT = "draft", _("not sent yet")
        SUBMITTED = "submitted", _("being checked")
        MORE_WANTED = "more_wanted", _("something is missing")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        READY = "ready", _("the card is ready")
        ACTIVATED = "activated", _("the card works")
        CANCELLED = "cancelled", _("cancelled")

        OPEN = nonmember(frozenset({"draft", "submitted", "more_wanted", "approved", "ready"}))
        CHANGEABLE = nonmember(frozenset({"draft", "more_wanted"}))

    class DocumentType(models.TextChoices):
        PASSPORT = "passport", _("passport")
        NATIONAL_ID = "national_id", _("identity card")
        RESIDENCE_PERMIT = "residence_permit", _("residence permit")
        DRIVING_LICENCE = "driving_licence", _("driving licence")

    class Delivery(models.TextChoices):
        PICKUP = "pickup", _("pick up at an outlet")
        POST = "post", _("by post")

    class Wanted(models.TextChoices):
        """What the subscriber is asked to send again, and may then change."""

        DETAILS = "details", _("the details of the person or business")
        PAPERS = "papers", _("pictures of the document")
        DELIVERY = "delivery", _("where the card goes")

    class Reason(models.TextChoices):
        UNREADABLE = "unreadable", _("pictures not readable")
        EXPIRED = "expired", _("document expired")
        MISMATCH = "mismatch", _("details and document differ")
        NOT_ACCEPTED = "not_accepted", _("this kind of document is not accepted")
        NOT_SERVED = "not_served", _("not delivered there")
        OTHER = "other", _("another reason")

    public_id = PublicIdField(prefix="app")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sim_applications", verbose_name=_("owner")
    )
    kind = models.CharField(_("for whom"), max_length=8, choices=Kind.choices, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DRAFT)
    round = models.PositiveSmallIntegerField(_("times sent"), default=0)

    # A person.
    full_name_ciphertext = models.TextField(blank=True, editable=False)
    document_type = models.CharField(_("identity document"), max_length=20, choices=DocumentType.choices, blank=True)
    document_number_ciphertext = models.TextField(blank=True, editable=False)
    document_expires_on = models.DateField(_("document valid until"), null=True, blank=True)

    # A business.
    company_name = models.CharField(_("company"), max_length=120, blank=True)
    registration_number_ciphertext = models.TextField(blank=True, editable=False)
    contact_name_ciphertext = models.TextField(blank=True, editable=False)
    contact_phone_ciphertext = models.TextField(blank=True, editable=False)

    # Where the card goes.
    delivery = models.CharField(_("delivery"), max_length=8, choices=Delivery.choices, blank=True)
    outlet = models.ForeignKey(
        Outlet, on_delete=models.PROTECT, null=True, blank=True, related_name="applications", verbose_name=_("outlet")
    )
    address_ciphertext = models.TextField(blank=True, editable=False)
    card = models.ForeignKey(
        SimCard, on_delete=models.PROTECT, null=True, blank=True, related_name="applications", verbose_name=_("card")
    )
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, blank=True, related_name="applications", verbose_name=_("line")
    )
    pickup_code_ciphertext = models.TextField(blank=True, editable=False)
    pickup_code_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    post_carrier = models.CharField(_("sent with"), max_length=60, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=60, blank=True)

    # What staff said.
    wanted = models.JSONField(_("what is missing"), default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices, blank=True)
    reason_text = models.TextField(_("explanation"), max_length=TEXT_LENGTH, blank=True)
    first_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("first approved by"),
    )
    first_approved_at = models.DateTimeField(_("first approved"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )

    created_at = models.DateTimeField(_("begun"), default=timezone.now, editable=False)
    touched_at = models.DateTimeField(_("last changed"), default=timezone.now, editable=False)
    submitted_at = models.DateTimeField(_("sent"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    picked_up_at = models.DateTimeField(_("picked up"), null=True, blank=True)
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    forget_at = models.DateTimeField(_("particulars kept until"), null=True, blank=True)
    forgotten_at = models.DateTimeField(_("particulars forgotten"), null=True, blank=True)

    full_name = Sealed("full_name_ciphertext")
    document_number = Sealed("document_number_ciphertext")
    registration_number = Sealed("registration_number_ciphertext")
    contact_name = Sealed("contact_name_ciphertext")
    contact_phone = Sealed("contact_phone_ciphertext")
    address = Sealed("address_ciphertext")
    pickup_code = Sealed("pickup_code_ciphertext")

    objects = SimApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("SIM application")
        verbose_name_plural = _("SIM applications")
        constraints = [
            models.UniqueConstraint(fields=["owner"], condition=Q(state="draft"), name="application_one_draft"),
            models.UniqueConstraint(fields=["card"], name="application_card_once"),
            models.CheckConstraint(
                condition=Q(first_approved_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(state__in=["approved", "ready", "activated"])
                | ~Q(first_approved_by=models.F("decided_by")),
                name="application_two_people",
            ),
        ]
        indexes = [
            models.Index(fields=["submitted_at", "id"], condition=Q(state="submitted"), name="application_for_review"),
            models.Index(fields=["owner", "-created_at"], name="application_by_owner"),
            models.Index(
                fields=["forget_at", "id"], condition=Q(forgotten_at__isnull=True), name="application_to_forget"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_business(self) -> bool:
        return self.kind == self.Kind.BUSINESS

    @property
    def changeable(self) -> frozenset[str]:
        """Which parts its owner may change now: all of a draft, and of what was sent only what is missing."""
        if self.state == self.State.DRAFT:
            return frozenset(self.Wanted.values)
        return frozenset(self.wanted) if self.state == self.State.MORE_WANTED else frozenset()
