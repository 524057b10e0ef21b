"""Addresses of the billing app."""

from django.urls import URLPattern, URLResolver, path

from billing import sandbox_views, webhooks

app_name = "billing"

urlpatterns: list[URLPattern | URLResolver] = [
    path("webhooks/<slug:gateway>/", webhooks.receive, name="webhook"),
    path("sandbox/pay/<str:reference>/", sandbox_views.pay, name="sandbox_pay"),
    path("sandbox/pay/<str:reference>/confirm/", sandbox_views.confirm, name="sandbox_confirm"),
]
