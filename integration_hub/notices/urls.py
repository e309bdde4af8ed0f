"""Addresses of the notices."""

from django.urls import path

from integration_hub.notices import message_views, views

app_name = "notices"

urlpatterns = [
    path("notices/", views.NoticeList.as_view(), name="notice-list"),
    path("notices/bell/", views.bell, name="bell"),
    path("notices/read/", views.mark_read, name="mark-read"),
    path("notices/preferences/", views.preferences, name="preferences"),
    path("notices/messages/", message_views.MessageList.as_view(), name="message-list"),
    path("notices/messages/again/", message_views.message_resend_ticked, name="message-resend-ticked"),
    path("notices/messages/<int:pk>/", message_views.message_detail, name="message-detail"),
    path("notices/messages/<int:pk>/again/", message_views.message_resend, name="message-resend"),
    path("notices/<int:pk>/", views.notice_open, name="notice-open"),
    path("exceptions/<int:pk>/watch/", views.case_watch, name="case-watch"),
    path("exceptions/<int:pk>/unwatch/", views.case_unwatch, name="case-unwatch"),
]
