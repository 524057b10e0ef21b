"""Addresses of the accounts app; what allauth has lives under /accounts/."""

from django.urls import path

from accounts import proof_views, views

app_name = "accounts"

urlpatterns = [
    path("settings/", views.settings_page, name="settings"),
    path("accounts/reauthenticate/code/", proof_views.confirm_by_code, name="confirm_by_code"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/attachments/<public_id:public_id>/", views.outbox_attachment, name="outbox_attachment"),
]
