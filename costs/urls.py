"""Addresses of the screens of costs."""

from django.urls import path

from costs import views

app_name = "costs"

urlpatterns = [
    path("", views.CostList.as_view(), name="cost-list"),
    path("post/", views.post, name="post"),
    path("journals/", views.CostPostingList.as_view(), name="posting-list"),
]
