"""Addresses of the exceptions."""

from django.urls import path

from integration_hub.cases import bulk, standing_in_views, views

app_name = "cases"

urlpatterns = [
    path("exceptions/", views.CaseList.as_view(), name="case-list"),
    path("exceptions/bulk/<slug:verb>/", bulk.case_bulk, name="case-bulk"),
    path("exceptions/bulk/<slug:verb>/<str:token>/", bulk.case_bulk_confirm, name="case-bulk-confirm"),
    path("exceptions/<int:pk>/", views.case_detail, name="case-detail"),
    path("exceptions/<int:pk>/claim/", views.case_claim, name="case-claim"),
    path("exceptions/<int:pk>/assign/", views.case_assign, name="case-assign"),
    path("exceptions/<int:pk>/delegate/", standing_in_views.case_delegate, name="case-delegate"),
    path("exceptions/<int:pk>/take-back/", standing_in_views.case_take_back, name="case-take-back"),
    path("exceptions/<int:pk>/start/", views.case_start, name="case-start"),
    path("exceptions/<int:pk>/wait/", views.case_wait, name="case-wait"),
    path("exceptions/<int:pk>/snooze/", views.case_snooze, name="case-snooze"),
    path("exceptions/<int:pk>/wake/", views.case_wake, name="case-wake"),
    path("exceptions/<int:pk>/resolve/", views.case_resolve, name="case-resolve"),
    path("exceptions/<int:pk>/retry/", views.case_retry, name="case-retry"),
    path("exceptions/<int:pk>/comment/", views.case_comment, name="case-comment"),
]
