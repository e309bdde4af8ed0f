"""Addresses of intake."""

from django.urls import path

from integration_hub.intake import days_views, drift_fix, files_views, sources_views, value_fix, views, webhooks

app_name = "intake"

urlpatterns = [
    path("hooks/<slug:code>/", webhooks.hook, name="hook"),
    path("feeds/<int:pk>/", views.feed_detail, name="feed-detail"),
    path("feeds/<int:pk>/run/", views.feed_run, name="feed-run"),
    path("feeds/<int:pk>/again/", views.feed_again, name="feed-again"),
    path("feeds/<int:pk>/pause/", views.feed_pause, name="feed-pause"),
    path("feeds/<int:pk>/resume/", views.feed_resume, name="feed-resume"),
    path("completeness/", days_views.DayList.as_view(), name="day-list"),
    path("completeness/days/<int:pk>/", days_views.day_detail, name="day-detail"),
    path("completeness/days/<int:pk>/check/", days_views.day_check, name="day-check"),
    path("completeness/days/<int:pk>/read-again/", days_views.day_read_again, name="day-read-again"),
    path("completeness/of/<slug:code>/", days_views.calendar, name="day-calendar"),
    path("runs/", views.RunList.as_view(), name="run-list"),
    path("runs/<int:pk>/", views.run_detail, name="run-detail"),
    path("runs/<int:pk>/stop/", views.run_stop, name="run-stop"),
    path("sources/", sources_views.SourceList.as_view(), name="source-list"),
    path("sources/<int:pk>/", sources_views.source_detail, name="source-detail"),
    path("sources/<int:pk>/reapply/", sources_views.source_reapply, name="source-reapply"),
    path("sources/<int:pk>/choose/", sources_views.source_choose, name="source-choose"),
    path("webhooks/", sources_views.DeliveryList.as_view(), name="delivery-list"),
    path("webhooks/<int:pk>/", sources_views.delivery_detail, name="delivery-detail"),
    path("files/", files_views.FileList.as_view(), name="file-list"),
    path("files/new/", files_views.file_add, name="file-add"),
    path("files/<int:pk>/", files_views.file_detail, name="file-detail"),
    path("files/<int:pk>/errors.csv", files_views.file_errors, name="file-errors"),
    path("files/<int:pk>/apply/", files_views.file_apply, name="file-apply"),
    path("exceptions/<int:pk>/accept-change/", drift_fix.accept, name="drift-accept"),
    path("exceptions/<int:pk>/draft-mapping/", drift_fix.draft, name="drift-draft"),
    path("exceptions/<int:pk>/map-value/", value_fix.value_map, name="value-map"),
]
