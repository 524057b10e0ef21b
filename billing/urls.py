"""Addresses of the billing app."""

from django.urls import URLPattern, URLResolver, path

from billing import sandbox_views, webhooks
from billing.views import (
    arrears,
    auto_renewal,
    documents,
    methods,
    orders,
    overview,
    payment,
    purchase,
    questions,
    refunds,
    top_ups,
    why,
)

app_name = "billing"

urlpatterns: list[URLPattern | URLResolver] = [
    path("lines/<public_id:public_id>/renew/", purchase.renew, name="renew"),
    path("lines/<public_id:public_id>/top-up/", purchase.top_up, name="top_up"),
    path("plans/<public_id:public_id>/buy/", purchase.buy, name="buy"),
    path("billing/add-money/", purchase.add_money, name="add_money"),
    path("orders/<public_id:public_id>/", orders.order, name="order"),
    path("orders/<public_id:public_id>/pay/", payment.pay, name="pay"),
    path("orders/<public_id:public_id>/another-way/", payment.another_way, name="another_way"),
    path("orders/<public_id:public_id>/confirm/", payment.confirm, name="confirm"),
    path("orders/<public_id:public_id>/cancel/", orders.cancel, name="cancel"),
    path("orders/<public_id:public_id>/refund/", refunds.refund, name="refund"),
    path("orders/<public_id:public_id>/receipt/", orders.receipt, name="receipt"),
    path("orders/<public_id:public_id>/why/", why.why, name="why"),
    path("orders/<public_id:public_id>/document/", documents.issue_document, name="issue_document"),
    path("billing/arrears/", arrears.overview, name="arrears"),
    path("billing/arrears/<public_id:public_id>/", arrears.settle, name="settle"),
    path("billing/", overview.overview, name="overview"),
    path("billing/orders/", overview.orders, name="orders"),
    path("billing/charges/", overview.charges, name="charges"),
    path("billing/movements/", overview.movements, name="movements"),
    path("billing/documents/", documents.documents, name="documents"),
    path("billing/documents/<public_id:public_id>.pdf", documents.document, name="document"),
    path("billing/documents/<public_id:public_id>/send/", documents.send_document, name="send_document"),
    path("billing/details/", documents.details, name="details"),
    path("billing/methods/", methods.methods, name="methods"),
    path("billing/methods/add/", methods.add_method, name="add_method"),
    path("billing/methods/added/", methods.method_added, name="method_added"),
    path("billing/methods/<public_id:public_id>/default/", methods.default_method, name="default_method"),
    path("billing/methods/<public_id:public_id>/remove/", methods.remove_method, name="remove_method"),
    path("lines/<public_id:public_id>/auto-renewal/", auto_renewal.auto_renewal, name="auto_renewal"),
    path("lines/<public_id:public_id>/auto-renewal/agree/", auto_renewal.agree, name="agree"),
    path("lines/<public_id:public_id>/auto-renewal/off/", auto_renewal.turn_off, name="turn_off"),
    path("renewals/<str:token>/", questions.question, name="question"),
    path("lines/<public_id:public_id>/low-data/", top_ups.low_data, name="low_data"),
    path("lines/<public_id:public_id>/low-data/agree/", top_ups.low_data_agree, name="low_data_agree"),
    path("billing/low-balance/", top_ups.low_balance, name="low_balance"),
    path("billing/low-balance/agree/", top_ups.low_balance_agree, name="low_balance_agree"),
    path("top-ups/<public_id:public_id>/off/", top_ups.turn_off, name="top_up_off"),
    path("webhooks/<slug:gateway>/", webhooks.receive, name="webhook"),
    path("sandbox/pay/<slug:reference>/", sandbox_views.pay, name="sandbox_pay"),
    path("sandbox/pay/<slug:reference>/confirm/", sandbox_views.confirm, name="sandbox_confirm"),
]
