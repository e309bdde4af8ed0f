"""Addresses of the effects."""

from django.urls import path

from integration_hub.effects import correcting, gate_views, views

app_name = "effects"

urlpatterns = [
    path("effects/", views.EffectList.as_view(), name="effect-list"),
    path("effects/<int:pk>/", views.effect_detail, name="effect-detail"),
    path("effects/<int:pk>/retry/", views.effect_retry, name="effect-retry"),
    path("effects/<int:pk>/cancel/", views.effect_cancel, name="effect-cancel"),
    path("effects/<int:pk>/correct/", correcting.effect_correct, name="effect-correct"),
    path("effects/corrections/", correcting.CorrectionList.as_view(), name="correction-list"),
    path("effects/corrections/<int:pk>/", correcting.correction_detail, name="correction-detail"),
    path("effects/corrections/<int:pk>/approve/", correcting.correction_approve, name="correction-approve"),
    path("effects/corrections/<int:pk>/decline/", correcting.correction_decline, name="correction-decline"),
    path("effects/corrections/<int:pk>/withdraw/", correcting.correction_withdraw, name="correction-withdraw"),
    path("effects/<int:pk>/declare-rejected/", views.effect_declare, name="effect-declare"),
    path("effects/<int:pk>/next-period/", gate_views.effect_next_period, name="effect-next-period"),
    path("windows/", gate_views.GateList.as_view(), name="gate-list"),
    path("windows/<int:pk>/", gate_views.gate_detail, name="gate-detail"),
]
