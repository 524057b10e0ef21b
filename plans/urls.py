"""Addresses of the plans app."""

from django.urls import URLPattern, URLResolver, path

from plans import views

app_name = "plans"

urlpatterns: list[URLPattern | URLResolver] = [
    path("plans/", views.catalogue, name="catalogue"),
    path("plans/<public_id:public_id>/", views.plan, name="plan"),
]
