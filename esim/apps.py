from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EsimConfig(AppConfig):
    name = "esim"
    verbose_name = _("Lines and SIM profiles")
