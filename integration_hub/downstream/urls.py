"""Addresses of streams."""

from django.urls import path

from integration_hub.downstream import views

app_name = "downstream"

urlpatterns = [
    path("streams/", views.StreamList.as_view(), name="stream-list"),
    path("streams/new/", views.stream_add, name="stream-add"),
    path("streams/events/", views.event_list, name="event-list"),
    path("streams/by-id/<int:pk>/", views.stream_by_id, name="stream-by-id"),
    path("streams/of/<slug:code>/", views.stream_detail, name="stream-detail"),
    path("streams/of/<slug:code>/change/", views.stream_change, name="stream-change"),
    path("streams/of/<slug:code>/pause/", views.stream_pause, name="stream-pause"),
    path("streams/of/<slug:code>/resume/", views.stream_resume, name="stream-resume"),
    path("streams/of/<slug:code>/leave-out/", views.stream_leave_out, name="stream-leave-out"),
    path("streams/of/<slug:code>/again/", views.stream_again, name="stream-again"),
]
