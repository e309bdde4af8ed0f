"""Addresses of the screens of costs."""

from django.urls import path

from costs import intercompany_views, purchase_views, reimbursement_views, views

app_name = "costs"

urlpatterns = [
    path("", views.CostList.as_view(), name="cost-list"),
    path("post/", views.post, name="post"),
    path("journals/", views.CostPostingList.as_view(), name="posting-list"),
    path("intercompany/", intercompany_views.IntercompanyList.as_view(), name="intercompany-list"),
    path("intercompany/<int:pk>/", intercompany_views.detail, name="intercompany-detail"),
    path("purchases/", purchase_views.PurchaseList.as_view(), name="purchase-list"),
    path("purchases/<int:pk>/", purchase_views.purchase_decide, name="purchase-decide"),
    path("reimbursements/", reimbursement_views.ReimbursementList.as_view(), name="reimbursement-list"),
    path("reimbursements/post/", reimbursement_views.post_all, name="reimbursement-post-all"),
    path("reimbursements/<int:pk>/", reimbursement_views.detail, name="reimbursement-detail"),
    path("reimbursements/<int:pk>/post/", reimbursement_views.post, name="reimbursement-post"),
    path("reimbursements/<int:pk>/accept/", reimbursement_views.accept, name="reimbursement-accept"),
]
