"""Columns that several of the pages show."""

from django.utils.translation import gettext_lazy as _

from portal.lib.staff import moment_column, money_column

amount = money_column("money", _("amount"), ordering="amount")
created = moment_column("created_at", _("created"))
settled = moment_column("settled_at", _("settled"))
