"""Where staff look after people, and after what groups of staff may do."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminSelect2Widget

from accounts import audit
from accounts.account_dialogs import LiftsLocks
from accounts.address_change_admin import ChangesAddresses
from accounts.http import client_ip
from accounts.looked_at import RecordsLooks
from accounts.models import AccountClosing, User
from accounts.time_zones import offered_zones
from portal.lib.staff import KeptAdmin, StaffAdmin, moment_column

ROWS_OF_A_USER = (
    ("admin:esim_line_changelist", "owner", _("Lines")),
    ("admin:billing_order_changelist", "owner", _("Orders")),
    ("admin:billing_paymentmethod_changelist", "owner", _("Payment methods")),
    ("admin:billing_ledgeraccount_changelist", "owner", _("Balances")),
    ("admin:accounts_ticket_changelist", "owner", _("Tickets")),
    ("admin:esim_simapplication_changelist", "owner", _("SIM applications")),
    ("admin:accounts_document_changelist", "owner", _("Documents")),
    ("admin:accounts_notification_changelist", "user", _("Notifications")),
    ("admin:accounts_addresschange_changelist", "user", _("Changes of address")),
    ("admin:accounts_auditevent_changelist", "subject", _("Audit trail")),
)
"""By name: those pages belong to apps above this one."""

created = moment_column("created_at", _("created"))


class NewUserForm(forms.ModelForm[User]):
    """A person without a password: they set their own by "Forgot your password?"."""

    class Meta:
        model = User
        fields = ("email", "full_name", "language", "time_zone", "currency", "is_staff")

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody has an account with this address."))
        return email


class UserAdmin(RecordsLooks, LiftsLocks, ChangesAddresses, KeptAdmin):
    list_display = ("email", "full_name", "phone", "active_column", "is_staff", "language", created)
    list_filter = ("is_active", "is_staff", ("locked_at", EmptyFieldListFilter), "language", "currency")
    search_fields = ("email", "phone", "full_name", "public_id")
    ordering = ("-id",)
    hidden = ("password",)
    date_hierarchy = "created_at"
    actions = ("deactivate", "reactivate")
    actions_detail = ("lift_lock", "end_waiting_time", "change_address")
    add_form = NewUserForm
    autocomplete_fields = ("groups",)
    add_fieldsets = ((None, {"fields": ("email", "full_name", "language", "time_zone", "currency", "is_staff")}),)
    fieldsets = (
        (None, {"fields": ("email", ("phone", "phone_verified"), "full_name", "public_id", "links")}),
        (_("Preferences"), {"fields": ("language", "time_zone", "currency", ("notify_by_email", "notify_by_sms"))}),
        (
            _("Access"),
            {
                "fields": (
                    ("is_active", "is_staff"),
                    "is_superuser",
                    "groups",
                    ("created_at", "last_login"),
                    "locked_at",
                )
            },
        ),
    )

    def owner_of(self, row: Any) -> User | None:
        return row if isinstance(row, User) else None

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        if obj is None:
            kwargs["form"] = self.add_form
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what the portal can work with: a misspelt zone would break every page of that person."""
        known = {"time_zone": offered_zones(), "currency": settings.PORTAL_CURRENCIES}.get(db_field.name)
        if known is None:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        choices = [(value, value) for value in known]
        return forms.ChoiceField(
            label=capfirst(db_field.verbose_name), choices=choices, widget=UnfoldAdminSelect2Widget
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Addresses prove who somebody is, so no form changes them; only a superuser hands out powers.

        And nobody brings an account back whose lines and balance are gone.
        """
        fixed = (
            ("email", "phone", "phone_verified", "public_id", "links", "created_at", "last_login", "locked_at")
            if obj
            else ()
        )
        if obj and AccountClosing.objects.gone().filter(user=obj).exists():
            fixed = (*fixed, "is_active")
        powers = () if request.user.is_superuser else ("is_staff", "is_superuser", "groups")
        return (*fixed, *powers)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let nobody but a superuser change a colleague, nor so take their place."""
        if obj is not None and obj.is_staff and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    @display(description=_("status"), ordering="is_active", label={"active": "success", "off": "danger"})  # type: ignore[untyped-decorator]
    def active_column(self, user: User) -> tuple[str, str]:
        return ("active", gettext("active")) if user.is_active else ("off", gettext("deactivated"))

    @display(description=_("belongs to this person"))  # type: ignore[untyped-decorator]
    def links(self, user: User) -> SafeString:
        rows = ((reverse(name, query={f"{field}__id__exact": user.pk}), text) for name, field, text in ROWS_OF_A_USER)
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
        return format_html_join(SafeString(" · "), link, rows)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True, verified=False)
        self._record(request, obj, "user.changed_by_staff" if change else "user.created_by_staff", form.changed_data)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset.exclude(email=request.user.get_username()), is_active=False)

    @admin.action(description=_("Reactivate"), permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, is_active=True)

    def _switch(self, request: HttpRequest, users: QuerySet[User], *, is_active: bool) -> None:
        if not request.user.is_superuser:
            users = users.filter(is_staff=False)
        if is_active:
            users = users.exclude(closings__in=AccountClosing.objects.gone())
        action = "user.reactivated" if is_active else "user.deactivated"
        with transaction.atomic():
            changed = [
                user
                for user in users.filter(is_active=not is_active)
                if User.objects.filter(pk=user.pk, is_active=not is_active).update(is_active=is_active)
            ]
            for user in changed:
                self._record(request, user, action, ["is_active"])
        self.message_user(request, gettext("Changed: %(count)d.") % {"count": len(changed)}, messages.SUCCESS)

    @staticmethod
    def _record(request: HttpRequest, user: User, action: str, fields: list[str]) -> None:
        actor = request.user if isinstance(request.user, User) else None
        audit.record(
            actor=actor,
            subject=user,
            action=action,
            target=user.public_id,
            detail={"fields": fields},
            ip=client_ip(request),
            now=timezone.now(),
        )


class GroupAdmin(StaffAdmin):
    """Who changes what a group may do hands out powers, and with their own group takes them."""

    search_fields = ("name",)
    ordering = ("name",)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # Each names the model it is for.
        kwargs["queryset"] = Permission.objects.select_related("content_type")
        kwargs["widget"] = UnfoldAdminSelect2MultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, _obj: Group | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, _obj: Group | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)
