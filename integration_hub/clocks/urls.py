"""Addresses of the clocks."""

from django.urls import path

from integration_hub.clocks import views

app_name = "clocks"

urlpatterns = [
    path("clocks/", views.clock_list, name="clock-list"),
    path("clocks/<slug:slug>/", views.clock_detail, name="clock-detail"),
]
