"""Addresses of the lanes."""

from django.urls import path

from integration_hub.work import views

app_name = "work"

urlpatterns = [
    path("lanes/stuck/", views.stalled, name="stalled"),
    path("lanes/failures/", views.failure_list, name="failure-list"),
    path("lanes/", views.LaneList.as_view(), name="lane-list"),
    path("lanes/<int:pk>/", views.lane_detail, name="lane-detail"),
    path("lanes/<int:pk>/unblock/", views.lane_unblock, name="lane-unblock"),
    path("lanes/items/<int:pk>/retry/", views.item_retry, name="item-retry"),
    path("lanes/items/<int:pk>/park/", views.item_park, name="item-park"),
]
