"""Addresses below /api/v1/."""

from rest_framework.routers import SimpleRouter

from contracts.api import progress, views

router = SimpleRouter()
router.register("customers", views.Customers, "customer")
router.register("legal-entities", views.LegalEntities, "legal-entity")
router.register("contracts", views.Contracts, "contract")
router.register("exchange-rates", views.ExchangeRates, "exchange-rate")
router.register("cost-rates", views.CostRates, "cost-rate")
router.register("projects", views.Projects, "project")
router.register("milestones", views.Milestones, "milestone")
router.register("progress", progress.Progress, "progress")

urlpatterns = router.urls
