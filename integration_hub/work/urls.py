"""Addresses of the lanes."""

from django.urls import path

from integration_hub.work import overtaking, views

app_name = "work"

urlpatterns = [
    path("lanes/stuck/", views.stalled, name="stalled"),
    path("lanes/failures/", views.failure_list, name="failure-list"),
    path("lanes/", views.LaneList.as_view(), name="lane-list"),
    path("lanes/<int:pk>/", views.lane_detail, name="lane-detail"),
    path("lanes/<int:pk>/unblock/", overtaking.lane_unblock, name="lane-unblock"),
    path("lanes/items/<int:pk>/retry/", views.item_retry, name="item-retry"),
    path("lanes/items/<int:pk>/park/", overtaking.item_park, name="item-park"),
    path("lanes/overtaking/", overtaking.OvertakingList.as_view(), name="overtaking-list"),
    path("lanes/overtaking/<int:pk>/", overtaking.overtaking_detail, name="overtaking-detail"),
    path("lanes/overtaking/<int:pk>/approve/", overtaking.overtaking_approve, name="overtaking-approve"),
    path("lanes/overtaking/<int:pk>/decline/", overtaking.overtaking_decline, name="overtaking-decline"),
    path("lanes/overtaking/<int:pk>/withdraw/", overtaking.overtaking_withdraw, name="overtaking-withdraw"),
]
