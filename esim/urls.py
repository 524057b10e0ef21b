"""Addresses of the esim app."""

from django.urls import URLPattern, URLResolver, path

from esim import views

app_name = "esim"

urlpatterns: list[URLPattern | URLResolver] = [
    path("lines/<public_id:public_id>/install/", views.install, name="install"),
    path("lines/<public_id:public_id>/install/qr.png", views.install_qr, name="install_qr"),
    path("lines/<public_id:public_id>/install/state/", views.install_state, name="install_state"),
    path("lines/<public_id:public_id>/settings/", views.line_settings, name="line_settings"),
]
