"""Addresses of the accounts app; what allauth has lives under /accounts/."""

from django.urls import path, re_path

from accounts import (
    address_change_views,
    document_views,
    lock_views,
    proof_views,
    reset_views,
    session_views,
    token_views,
    views,
)

app_name = "accounts"

urlpatterns = [
    path("settings/", views.settings_page, name="settings"),
    path("settings/lock/", lock_views.lock, name="lock"),
    path("settings/unlock/", lock_views.unlock, name="unlock"),
    path("settings/report/", lock_views.report, name="report"),
    path("settings/tokens/", token_views.tokens, name="tokens"),
    path("settings/tokens/new/", token_views.new_token, name="new_token"),
    path("settings/tokens/<public_id:public_id>/revoke/", token_views.revoke_token, name="revoke_token"),
    path("settings/calendar/", views.replace_calendar_link, name="replace_calendar_link"),
    # In place of allauth's pages: these come first, and its names lead here as well.
    path("accounts/password/reset/", reset_views.reset_password, name="reset_password"),
    path("accounts/password/reset/done/", reset_views.reset_link_sent, name="reset_link_sent"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        reset_views.new_password,
        name="new_password",
    ),
    path("address/prove/<str:token>/", address_change_views.prove, name="prove_address"),
    path("address/stop/<str:token>/", address_change_views.stop, name="stop_address_change"),
    path("accounts/sessions/end/", session_views.end_session, name="end_session"),
    path("accounts/reauthenticate/code/", proof_views.confirm_by_code, name="confirm_by_code"),
    path("documents/<public_id:public_id>/", document_views.open_document, name="document"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/letters/<int:pk>/", views.outbox_letter, name="outbox_letter"),
    path("outbox/attachments/<public_id:public_id>/", views.outbox_attachment, name="outbox_attachment"),
]
