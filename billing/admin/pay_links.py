"""Where staff see who asked somebody else to pay; the address of a link is nobody's to read."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.models import PayLink
from portal.lib.staff import ReadOnlyAdmin, moment_column, person

made = moment_column("created_at", _("made"))
withdrawn = moment_column("withdrawn_at", _("withdrawn"))


@admin.register(PayLink)
class PayLinkAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "order", "shown_as", "receipt_email", made, withdrawn)
    list_filter = ("created_at",)
    list_select_related = ("order",)
    search_fields = ("public_id", "order__public_id", *person("order__owner"), "receipt_email")
    ordering = ("-id",)
    hidden = ("id", "token_hash")
