"""Addresses of the notices."""

from django.urls import path

from integration_hub.notices import views

app_name = "notices"

urlpatterns = [
    path("notices/", views.NoticeList.as_view(), name="notice-list"),
    path("notices/bell/", views.bell, name="bell"),
    path("notices/read/", views.mark_read, name="mark-read"),
    path("notices/<int:pk>/", views.notice_open, name="notice-open"),
    path("exceptions/<int:pk>/watch/", views.case_watch, name="case-watch"),
    path("exceptions/<int:pk>/unwatch/", views.case_unwatch, name="case-unwatch"),
]
