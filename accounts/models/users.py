"""The person who signs in."""

from datetime import time
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.dates import zone_or_utc
from portal.lib.public_ids import PublicIdField

QUIET_FROM, QUIET_UNTIL = time(21), time(8)


class UserManager(BaseUserManager["User"]):
    """Creates people; e-mail addresses are stored in lower case so that one mailbox is one account."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A subscriber or a member of staff: signs in by e-mail or by verified phone number."""

    public_id = PublicIdField(prefix="usr")
    email = models.EmailField(_("e-mail"), unique=True)
    phone = models.CharField(_("mobile number"), max_length=16, blank=True, help_text=_("E.164, such as +14155550101"))
    phone_verified = models.BooleanField(_("mobile number verified"), default=False)
    full_name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    notify_by_email = models.BooleanField(_("notices by e-mail"), default=True)
    notify_by_sms = models.BooleanField(_("notices by SMS"), default=False)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True, default=QUIET_FROM)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True, default=QUIET_UNTIL)
    calendar_version = models.PositiveIntegerField(_("version of the calendar link"), default=1, editable=False)
    is_staff = models.BooleanField(_("staff"), default=False)
    locked_at = models.DateTimeField(
        _("locked by the subscriber"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("While it is locked no line changes hands, device or state, and no code is shown."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            # Two people may type the same number; only one can prove it is theirs.
            models.UniqueConstraint(
                fields=["phone"], condition=models.Q(phone_verified=True), name="user_verified_phone_unique"
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_in_lower_case"),
            models.CheckConstraint(
                condition=models.Q(phone_verified=False) | ~models.Q(phone=""), name="user_verified_phone_present"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    @property
    def zone(self) -> ZoneInfo:
        """Where this person's clock hangs."""
        return zone_or_utc(self.time_zone)
