from django.urls import path

from tests.benchmarks.plain import views

urlpatterns = [path("plan/<str:public_id>/", views.plan), path("event/", views.event)]
