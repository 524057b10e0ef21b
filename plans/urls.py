"""Addresses of the plans app."""

from django.urls import URLPattern, URLResolver, path

from plans import announcement_views, trip_views, views

app_name = "plans"

urlpatterns: list[URLPattern | URLResolver] = [
    path("plans/", views.catalogue, name="catalogue"),
    path("plans/preview/<slug:slug>/", views.promotion_preview, name="promotion_preview"),
    path("plans/<public_id:public_id>/", views.plan, name="plan"),
    path("advice/trip/", trip_views.trip, name="trip"),
    path("announcements/", announcement_views.announcement_list, name="announcements"),
    path("announcements/<public_id:public_id>/", announcement_views.announcement, name="announcement"),
    path(
        "announcements/<public_id:public_id>/close/", announcement_views.close_announcement, name="close_announcement"
    ),
]
