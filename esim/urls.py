"""Addresses of the esim app."""

from django.urls import URLPattern, URLResolver, path

from esim import (
    application_views,
    bind_views,
    carrier_views,
    delivery_views,
    device_views,
    es2plus_views,
    install_views,
    moving_views,
    outlet_views,
    owner_service_views,
    replacing_views,
    self_test_views,
    sharing_views,
    sim_views,
    usage_api,
    usage_views,
    views,
)

app_name = "esim"

HANDLE_DOWNLOAD_PROGRESS_INFO = "gsma/rsp2/es2plus/handleDownloadProgressInfo"
"""By path, as SGP.22 §6.5 has it, so that what later versions add gets a route of its own."""

urlpatterns: list[URLPattern | URLResolver] = [
    path("webhooks/carriers/esimgo/", carrier_views.esimgo, name="esimgo_webhook"),
    path("api/v1/usage/", usage_api.usage, name="usage_api"),
    path(
        f"webhooks/es2plus/{HANDLE_DOWNLOAD_PROGRESS_INFO}",
        es2plus_views.handle_download_progress_info,
        name="es2plus_progress",
    ),
    path(
        f"webhooks/es2plus/<str:secret>/{HANDLE_DOWNLOAD_PROGRESS_INFO}",
        es2plus_views.handle_download_progress_info,
        name="es2plus_progress_by_secret",
    ),
    path("sim/applications/<public_id:public_id>/", application_views.application, name="application"),
    path("sim/applications/<public_id:public_id>/details/", application_views.details, name="application_details"),
    path("sim/applications/<public_id:public_id>/documents/", application_views.papers, name="application_papers"),
    path("sim/applications/<public_id:public_id>/delivery/", application_views.delivery, name="application_delivery"),
    path("sim/applications/<public_id:public_id>/withdraw/", application_views.withdraw, name="application_withdraw"),
    path("devices/", device_views.devices, name="devices"),
    path("outlets/", outlet_views.outlets, name="outlets"),
    path("outlets/<public_id:public_id>/", outlet_views.outlet, name="outlet"),
    path("sim/applications/<public_id:public_id>/pickup-code/", delivery_views.pickup_code, name="pickup_code"),
    path("lines/bind/", bind_views.bind_card, name="bind_card"),
    path("lines/<public_id:public_id>/install/", install_views.install, name="install"),
    path("lines/<public_id:public_id>/install/qr.png", install_views.install_qr, name="install_qr"),
    path("lines/<public_id:public_id>/install/state/", install_views.install_state, name="install_state"),
    path("lines/<public_id:public_id>/install/keep/", install_views.keep, name="install_keep"),
    path(
        "lines/<public_id:public_id>/install/confirmation-code/",
        install_views.send_confirmation_code,
        name="send_confirmation_code",
    ),
    path("lines/<public_id:public_id>/replace/", replacing_views.replace, name="replace"),
    path("lines/<public_id:public_id>/service/", owner_service_views.service, name="service"),
    path("lines/<public_id:public_id>/suspend/", owner_service_views.suspend, name="suspend"),
    path("lines/<public_id:public_id>/resume/", owner_service_views.resume, name="resume"),
    path("lines/<public_id:public_id>/terminate/", owner_service_views.terminate, name="terminate"),
    path("lines/<public_id:public_id>/self-test/", self_test_views.page, name="self_test"),
    path("lines/<public_id:public_id>/sim/", sim_views.sim, name="sim"),
    path("lines/<public_id:public_id>/sim/pin/", sim_views.sim_pin, name="sim_pin"),
    path("lines/<public_id:public_id>/people/", sharing_views.people, name="people"),
    path("invitations/<public_id:public_id>/withdraw/", sharing_views.withdraw_invitation, name="withdraw_invitation"),
    path("members/<public_id:public_id>/remove/", sharing_views.remove_member, name="remove_member"),
    path("join/<str:token>/", sharing_views.join, name="join"),
    path("lines/<public_id:public_id>/give/", moving_views.give, name="give"),
    path("moves/<public_id:public_id>/", moving_views.move, name="move"),
    path("moves/<public_id:public_id>/undo/", moving_views.undo_move, name="undo_move"),
    path("take/<str:token>/", moving_views.take, name="take"),
    path("replacements/<public_id:public_id>/", replacing_views.replacement, name="replacement"),
    path("replacements/<public_id:public_id>/undo/", replacing_views.undo_replacement, name="undo_replacement"),
    path("replacements/<public_id:public_id>/end-old/", replacing_views.end_old_profile, name="end_old_profile"),
    path("lines/<public_id:public_id>/settings/", views.line_settings, name="line_settings"),
    path("lines/<public_id:public_id>/usage/", usage_views.usage, name="usage"),
    path("lines/<public_id:public_id>/usage/records/", usage_views.records, name="usage_records"),
    path("lines/<public_id:public_id>/usage/records.csv", usage_views.records_csv, name="usage_csv"),
    path("lines/<public_id:public_id>/usage/looks-wrong/", usage_views.looks_wrong, name="looks_wrong"),
    path("lines/<public_id:public_id>/usage/budget/", usage_views.budget, name="usage_budget"),
]
