"""Addresses of the screens of contracts, projects and customers."""

from django.urls import path

from contracts import (
    cost_rate_views,
    payers_views,
    progress_views,
    rates_views,
    standard_price_views,
    transfer_price_views,
    views,
)

app_name = "contracts"

urlpatterns = [
    path("", views.ContractList.as_view(), name="contract-list"),
    path("<int:pk>/", views.contract_detail, name="contract-detail"),
    path("<int:pk>/payers/", payers_views.agree, name="contract-payers"),
    path("<int:pk>/payers/terms/", payers_views.state, name="contract-payer-terms"),
    path("lines/<int:pk>/progress/", progress_views.record, name="progress-record"),
    path("progress/<int:pk>/confirm/", progress_views.confirm, name="progress-confirm"),
    path("progress/<int:pk>/decline/", progress_views.decline, name="progress-decline"),
    path("projects/", views.ProjectList.as_view(), name="project-list"),
    path("projects/<int:pk>/", views.project_detail, name="project-detail"),
    path("exchange-rates/", rates_views.ExchangeRateList.as_view(), name="exchange-rate-list"),
    path("exchange-rates/enter/", rates_views.rate_enter, name="exchange-rate-enter"),
    path("cost-rates/", cost_rate_views.CostRateList.as_view(), name="cost-rate-list"),
    path("cost-rates/enter/", cost_rate_views.rate_enter, name="cost-rate-enter"),
    path("cost-rates/<int:pk>/withdraw/", cost_rate_views.rate_withdraw, name="cost-rate-withdraw"),
    path("standard-prices/", standard_price_views.StandardPriceList.as_view(), name="standard-price-list"),
    path("standard-prices/enter/", standard_price_views.price_enter, name="standard-price-enter"),
    path("transfer-prices/", transfer_price_views.TransferPriceList.as_view(), name="transfer-price-list"),
    path("transfer-prices/propose/", transfer_price_views.propose, name="transfer-price-enter"),
    path("transfer-prices/<int:pk>/approve/", transfer_price_views.approve, name="transfer-price-approve"),
    path("transfer-prices/<int:pk>/withdraw/", transfer_price_views.withdraw, name="transfer-price-withdraw"),
    path("customers/", views.CustomerList.as_view(), name="customer-list"),
    path("customers/<int:pk>/", views.customer_detail, name="customer-detail"),
]
