"""Addresses of the processes."""

from django.urls import path

from integration_hub.processes import views

app_name = "processes"

urlpatterns = [
    path("processes/", views.ProcessList.as_view(), name="process-list"),
    path("processes/<int:pk>/", views.process_detail, name="process-detail"),
    path("processes/<int:pk>/resume/", views.process_resume, name="process-resume"),
    path("processes/<int:pk>/give-up/", views.process_give_up, name="process-give-up"),
]
