from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.core.checks import Tags, register

from portal.checks import START, demo_users_check, settings_check


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        register(settings_check, START)
        register(demo_users_check, Tags.database)


class PortalAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "portal.admin_site.PortalAdminSite"
