"""Every address of the portal."""

from django.contrib import admin
from django.urls import include, path, register_converter

from accounts.views import set_language
from portal import advice_pages, application_pages, device_pages, health, help_pages, metrics, ticket_pages, views
from portal.lib.public_ids import PublicIdConverter
from portal.privacy import pages as privacy_pages

register_converter(PublicIdConverter, "public_id")

# They are tried one by one: what is asked for most, and machines that wait for an answer, come first.
urlpatterns = [
    path("", views.dashboard, name="home"),
    path("", include("plans.urls")),
    path("", include("billing.urls")),
    path("lines/<public_id:public_id>/", views.line_page, name="line"),
    path("sim/apply/", application_pages.apply, name="sim_apply"),
    path("sim/applications/<public_id:public_id>/review/", application_pages.review, name="sim_review"),
    path("advice/", advice_pages.advice, name="advice"),
    path("lines/<public_id:public_id>/advice/", advice_pages.line_advice, name="line_advice"),
    path("lines/<public_id:public_id>/advice/close/", advice_pages.close_nudge, name="close_nudge"),
    path("", include("esim.urls")),
    # Behind the door for usage records, which is older and stays as it is.
    path("api/v1/", include("portal.api.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("help/", help_pages.help_home, name="help"),
    path("help/official-channels/", help_pages.official_channels, name="official_channels"),
    path("help/tickets/", ticket_pages.ticket_list, name="tickets"),
    path("help/tickets/new/", ticket_pages.new_ticket, name="new_ticket"),
    path("help/tickets/<public_id:public_id>/", ticket_pages.ticket, name="ticket"),
    path("help/tickets/<public_id:public_id>/close/", ticket_pages.close_ticket, name="close_ticket"),
    path("help/<slug:slug>/", help_pages.article, name="help_article"),
    path("help/<slug:slug>/useful/", help_pages.article_opinion, name="article_opinion"),
    path("settings/activity/", privacy_pages.activity, name="activity"),
    path("settings/data/", privacy_pages.data, name="data"),
    path("settings/close/", privacy_pages.close_account, name="close_account"),
    path("settings/keep/", privacy_pages.keep_account, name="keep_account"),
    path("calendar/<str:token>.ics", views.calendar, name="calendar"),
    path("style/", views.style_page, name="style"),
    path("worker.js", device_pages.worker_js, name="worker"),
    path("manifest.webmanifest", device_pages.manifest, name="manifest"),
    path("offline/<str:language>/", device_pages.offline, name="offline"),
    path("brand.css", views.brand_css, name="brand_css"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("i18n/setlang/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
