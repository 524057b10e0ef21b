"""Addresses of the esim app."""

from django.urls import URLPattern, URLResolver

app_name = "esim"

urlpatterns: list[URLPattern | URLResolver] = []
