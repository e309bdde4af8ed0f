"""Addresses of the effects."""

from django.urls import path

from integration_hub.effects import views

app_name = "effects"

urlpatterns = [
    path("effects/", views.EffectList.as_view(), name="effect-list"),
    path("effects/<int:pk>/", views.effect_detail, name="effect-detail"),
    path("effects/<int:pk>/retry/", views.effect_retry, name="effect-retry"),
    path("effects/<int:pk>/cancel/", views.effect_cancel, name="effect-cancel"),
    path("effects/<int:pk>/declare-rejected/", views.effect_declare, name="effect-declare"),
]
