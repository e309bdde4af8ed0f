"""Addresses of the replays."""

from django.urls import path

from integration_hub.replay import choosing, views

app_name = "replay"

urlpatterns = [
    path("replays/", views.PlanList.as_view(), name="plan-list"),
    path("replays/new/", choosing.plan_new, name="plan-new"),
    path("replays/ticked/<slug:kind>/", choosing.plan_ticked, name="plan-ticked"),
    path("replays/<int:pk>/", views.plan_detail, name="plan-detail"),
    path("replays/<int:pk>/items/", views.ItemList.as_view(), name="item-list"),
    path("replays/<int:pk>/approve/", views.plan_approve, name="plan-approve"),
    path("replays/<int:pk>/forecast/", views.plan_forecast, name="plan-forecast"),
    path("replays/<int:pk>/pause/", views.plan_pause, name="plan-pause"),
    path("replays/<int:pk>/resume/", views.plan_resume, name="plan-resume"),
    path("replays/<int:pk>/cancel/", views.plan_cancel, name="plan-cancel"),
]
