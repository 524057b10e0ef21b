"""What people upload: proof of who they are, and what shows a problem."""

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.crypto import Sealed
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models.users import User

NAME_LENGTH = 80


class DocumentQuerySet(models.QuerySet["Document"]):
    def owned_by(self, user: "User") -> "DocumentQuerySet":
        """What this person uploaded and can still be opened."""
        return self.kept().filter(owner=user)

    def kept(self) -> "DocumentQuerySet":
        return self.filter(erased_at__isnull=True)

    def about(self, public_id: str) -> "DocumentQuerySet":
        """What belongs to one application or request, in the order in which it was added."""
        return self.kept().filter(about=public_id).order_by("id")

    def due(self, now: datetime) -> "DocumentQuerySet":
        """Those whose time is over; walks the index document_to_erase."""
        return self.kept().filter(erase_at__lte=now).order_by("erase_at", "id")


class Document(models.Model):
    """One uploaded file, made anew out of what was uploaded and kept outside the database.

    The file is encrypted with a key of its own, and the key is in this row under the portal's ring: once `data_key`
    is gone nobody can read the file, nor a copy of it in a backup. `about` is the public id of what it belongs to,
    whichever app that lives in. A row stays after its file is erased: it says that there was one.
    """

    class Purpose(models.TextChoices):
        IDENTITY = "identity", _("identity document")
        LICENCE = "licence", _("business licence")
        TICKET = "ticket", _("attachment of a request")
        EXPORT = "export", _("copy of one’s own data")

    class Form(models.TextChoices):
        JPEG = "image/jpeg", "JPEG"
        PDF = "application/pdf", "PDF"
        ZIP = "application/zip", "ZIP"

    public_id = PublicIdField(prefix="doc")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="documents", verbose_name=_("owner")
    )
    purpose = models.CharField(_("what it is"), max_length=10, choices=Purpose.choices)
    about = models.CharField(_("about"), max_length=40, blank=True, db_index=True)
    form = models.CharField(_("file type"), max_length=16, choices=Form.choices)
    name_ciphertext = models.TextField(blank=True, editable=False)
    size_bytes = models.PositiveIntegerField(_("size in bytes"))
    pages = models.PositiveSmallIntegerField(_("pages"), default=1)
    stored_as = models.CharField(max_length=64, unique=True, editable=False)
    data_key_ciphertext = models.TextField(blank=True, editable=False)
    added_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    erase_at = models.DateTimeField(_("to be erased"), null=True, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)

    name = Sealed("name_ciphertext")
    data_key = Sealed("data_key_ciphertext")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        permissions = [("open_document", _("Can open documents, saying why"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) & ~Q(data_key_ciphertext="")
                | Q(erased_at__isnull=False, data_key_ciphertext="", name_ciphertext=""),
                name="document_erased_has_no_key",
            ),
        ]
        indexes = [
            models.Index(fields=["erase_at", "id"], condition=Q(erased_at__isnull=True), name="document_to_erase"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def file_key(self) -> bytes:
        """What its file is encrypted with; empty once it is erased."""
        return base64.b64decode(self.data_key)

    @file_key.setter
    def file_key(self, key: bytes) -> None:
        self.data_key = base64.b64encode(key).decode()

    @property
    def is_picture(self) -> bool:
        return self.form == self.Form.JPEG
