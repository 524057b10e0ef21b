from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Register the checks and listen to allauth, now that models are loaded."""
        import_module("accounts.checks")
        import_module("accounts.security_events").connect()
        import_module("accounts.first_proof").connect()
        import_module("accounts.referral_joining").connect()
