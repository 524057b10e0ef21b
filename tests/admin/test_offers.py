"""Staff make coupons, codes and promotions; what was used stays what it was, and codes leave on record."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from billing.models import Redemption
from plans.coupon_codes import ALPHABET, LENGTH
from plans.models import Coupon, CouponCode, Promotion
from portal.lib.data_size import GB
from tests import make

pytestmark = pytest.mark.django_db

WINDOW = {
    "is_active": "on",
    "active_from_0": "2026-11-01",
    "active_from_1": "00:00:00",
    "active_until_0": "",
    "active_until_1": "",
}
COUPONS, CODES, PROMOTIONS = (
    reverse(f"admin:plans_{name}_changelist") for name in ("coupon", "couponcode", "promotion")
)


def coupon_form(**fields):
    named = {"slug": "autumn", "name": "Autumn", "kind": "percent", "percent": "10", "max_per_user": "1"}
    return {**WINDOW, **named, **fields}


def promotion_form(**fields):
    named = {"slug": "sale", "name": "Sale", "kind": "percent", "percent": "20", "period_unit": "month"}
    return {**WINDOW, **named, **fields}


def errors_of(page):
    return {name: errors[0] for name, errors in page.context["adminform"].form.errors.items()}


def test_a_coupon_is_typed_in_units_people_think_in(as_staff):
    plan = make.make_plan(code="europe-10gb")
    kinds = [
        {"slug": "five", "kind": "amount", "amounts": "usd 5.00, JPY 500", "minimums": "USD 20", "percent": ""},
        {"slug": "data", "kind": "data", "bonus_bytes": "2.5", "plan_codes": [plan.code], "regions": ["europe"]},
    ]

    for fields in kinds:
        assert as_staff.post(f"{COUPONS}add/", coupon_form(**fields)).status_code == 302

    five, data = Coupon.objects.order_by("pk")
    assert (five.amounts, five.minimums) == ({"USD": 500, "JPY": 500}, {"USD": 2000})
    assert (data.bonus_bytes, data.plan_codes, data.regions) == (2.5 * GB, [plan.code], ["europe"])
    assert five.history.count() == 1
    page = as_staff.get(f"{COUPONS}{five.pk}/change/").content.decode()
    assert "JPY 500, USD 5.00" in page


def test_a_coupon_that_gives_nothing_is_refused(as_staff):
    cases = [
        ({"percent": ""}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"kind": "amount", "amounts": "USD five"}, "amounts"),
        ({"kind": "amount", "amounts": "USD 1, USD 2"}, "amounts"),
        ({"kind": "period"}, "free_periods"),
        ({"active_until_0": "2026-10-01", "active_until_1": "00:00"}, "active_until"),
    ]

    for fields, wrong in cases:
        assert wrong in errors_of(as_staff.post(f"{COUPONS}add/", coupon_form(**fields)))


def test_what_a_used_coupon_gives_stays(as_staff):
    coupon = make.make_coupon(slug="autumn", name="Autumn", used=3, max_uses=5)
    page = f"{COUPONS}{coupon.pk}/change/"

    as_staff.post(page, coupon_form(name="Fall", percent="90", max_uses="4"))
    coupon.refresh_from_db()
    assert (coupon.percent, coupon.name, coupon.max_uses) == (10, "Fall", 4)

    assert "max_uses" in errors_of(as_staff.post(page, coupon_form(max_uses="2")))
    sheet = "slug,name,kind,percent,is_active,first_purchase_only\nautumn,Fall,percent,90,yes,no\n"
    shown = as_staff.post(
        f"{COUPONS}import/", {"import_file": SimpleUploadedFile("a.csv", sheet.encode()), "format": "0"}
    )
    assert "what it gives stays" in shown.content.decode()


@pytest.mark.parametrize(
    ("page", "kind", "lacks"),
    [
        (COUPONS, "percent", "percent"),
        (COUPONS, "amount", "amounts"),
        (COUPONS, "data", "more_data_gb"),
        (COUPONS, "period", "free_periods"),
        (PROMOTIONS, "percent", "percent"),
        (PROMOTIONS, "buy_get", "buy"),
        (PROMOTIONS, "longer", "longer_is_cheaper"),
    ],
)
def test_no_sheet_makes_an_offer_that_gives_nothing(as_staff, page, kind, lacks):
    row = {"slug": "x", "name": "X", "kind": kind, "is_active": "yes", "active_from": "2026-01-01", lacks: ""}
    row |= {"first_purchase_only": "no"} if page == COUPONS else {"counted_in": "month"}
    sheet = SimpleUploadedFile("a.csv", f"{','.join(row)}\n{','.join(row.values())}\n".encode())

    shown = as_staff.post(f"{page}import/", {"import_file": sheet, "format": "0"})

    assert "This kind of offer needs it." in shown.content.decode()


def test_a_code_is_not_limited_below_its_uses(as_staff):
    make.make_coupon(code_uses=5)
    CouponCode.objects.update(used=3)
    page = f"{CODES}{CouponCode.objects.get().pk}/change/"

    refused = as_staff.post(page, {"max_uses": "2", "is_active": "on"})
    as_staff.post(page, {"max_uses": "3", "is_active": "on"})

    assert "max_uses" in errors_of(refused)
    assert CouponCode.objects.get().max_uses == 3


def test_promotions_are_made_and_wrong_ones_refused(as_staff):
    make.make_plan(code="europe-10gb")
    kinds = [
        {"slug": "price", "kind": "price", "percent": "", "prices": "europe-10gb USD 11.90"},
        {"slug": "longer", "kind": "longer", "percent": "", "steps": "90 5, 365 15"},
        {"slug": "gift", "kind": "buy_get", "percent": "", "buy_count": "12", "free_count": "2"},
    ]

    for fields in kinds:
        assert as_staff.post(f"{PROMOTIONS}add/", promotion_form(**fields)).status_code == 302

    assert Promotion.objects.get(slug="price").prices == {"europe-10gb": {"USD": 1190}}
    assert Promotion.objects.get(slug="longer").steps == [[90, 5], [365, 15]]
    more_free = promotion_form(kind="buy_get", buy_count="1", free_count="2")
    assert "free_count" in errors_of(as_staff.post(f"{PROMOTIONS}add/", more_free))
    sheet = "slug,name,kind,is_active,buy,get_free,counted_in\nx,X,buy_get,yes,12,1,\n"
    shown = as_staff.post(
        f"{PROMOTIONS}import/", {"import_file": SimpleUploadedFile("a.csv", sheet.encode()), "format": "0"}
    )
    assert shown.context["result"].has_validation_errors()
    assert "prices" in errors_of(
        as_staff.post(f"{PROMOTIONS}add/", promotion_form(kind="price", prices="nowhere USD 1"))
    )


def test_a_network_that_sells_by_codes_of_its_own_takes_no_gifts(as_staff, settings):
    settings.PLANS_DELIVERABLE = "tests.admin.test_offers.only_known_plans"

    page = as_staff.post(f"{PROMOTIONS}add/", promotion_form(kind="buy_get", buy_count="12", free_count="2"))

    assert "kind" in errors_of(page)


def only_known_plans():
    return Q(code="known")


def test_codes_are_made_in_bulk_and_taken_out_on_record(as_staff, staff):
    coupon = make.make_coupon(slug="autumn", code="=PUBLIC")
    wish = {"_form_submitted": "on", "count": "20", "prefix": "autumn", "batch": "partners"}

    made = as_staff.post(f"{COUPONS}{coupon.pk}/make-codes/", wish, headers={"hx-request": "true"})

    codes = CouponCode.objects.filter(batch="partners")
    letters = {code.key.removeprefix("AUTUMN") for code in codes}
    assert "batch=partners" in made["HX-Redirect"]
    assert (codes.count(), {code.max_uses for code in codes}) == (20, {1})
    assert all(len(one) == LENGTH and set(one) <= set(ALPHABET) for one in letters)
    assert len(ALPHABET) ** LENGTH >= 2**80

    every = {
        "action": "take_out",
        "_selected_action": [str(pk) for pk in CouponCode.objects.values_list("pk", flat=True)],
    }
    sheet = b"".join(as_staff.post(CODES, every)).decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(sheet)))
    assert len(rows) == 21
    assert rows[0]["code"] == "'=PUBLIC"
    recorded = AuditEvent.objects.filter(actor=staff, action__startswith="coupon.").order_by("pk")
    assert [(one.action, one.detail["codes"]) for one in recorded] == [
        ("coupon.codes_made", 20),
        ("coupon.codes_taken_out", 21),
    ]


def test_codes_of_others_are_brought_in(as_staff):
    make.make_coupon(slug="autumn")
    sheet = "code,coupon,batch,is_active\nCARD-0001,autumn,cards,yes\nCARD-0002,autumn,cards,yes\n"

    page = f"{CODES}import/"
    shown = as_staff.post(page, {"import_file": SimpleUploadedFile("a.csv", sheet.encode()), "format": "0"})
    as_staff.post(f"{CODES}process_import/", shown.context["confirm_form"].initial)

    assert set(CouponCode.objects.filter(batch="cards").values_list("key", "max_uses")) == {
        ("CARD0001", 1),
        ("CARD0002", 1),
    }


def test_coupons_go_out_and_in_without_a_trace(as_staff):
    make.make_coupon(slug="five", kind="amount", percent=None, amounts={"USD": 500}, minimums={"USD": 2000})
    form = as_staff.get(f"{COUPONS}export/").context["form"]
    wanted = {name: "on" for name in form.fields if name.startswith("couponresource")}
    sheet = as_staff.post(f"{COUPONS}export/", {"format": "0", "resource": "0", **wanted}).content

    shown = as_staff.post(f"{COUPONS}import/", {"import_file": SimpleUploadedFile("a.csv", sheet), "format": "0"})

    assert [row.import_type for row in shown.context["result"].rows] == ["skip"]


def test_redemptions_are_read_only(as_staff, subscriber):
    line = make.make_line(owner=subscriber)
    order = make.make_order(owner=subscriber, line=line, plan=make.make_plan())
    make.make_redemption(order=order)
    one = Redemption.objects.get()

    assert "Ten off" in as_staff.get(reverse("admin:billing_redemption_change", args=[one.pk])).content.decode()
    assert as_staff.get(reverse("admin:billing_redemption_add")).status_code == 403


def test_whoever_may_only_look_makes_no_codes(client: Client):
    coupon = make.make_coupon()
    client.force_login(make.make_user(is_staff=True))

    answer = client.post(f"{COUPONS}{coupon.pk}/make-codes/", {"_form_submitted": "on", "count": "1", "batch": "x"})

    assert answer.status_code in {302, 403}
    assert CouponCode.objects.count() == 1


def test_a_promotion_is_looked_at_before_it_begins(as_staff, now):
    make.make_plan(name="Small", prices={"USD": 1000})
    big = make.make_plan(name="Big", prices={"USD": 2000, "EUR": 1800})
    make.make_plan(name="Elsewhere", prices={"EUR": 500})
    make.make_promotion(name="Runs already", plan_codes=[big.code], percent=50)
    coming = make.make_promotion(slug="winter", name="Winter", is_active=False, active_from=now + timedelta(days=9))
    address = reverse("plans:promotion_preview", args=["winter"])

    change = as_staff.get(reverse("admin:plans_promotion_change", args=[coming.pk])).content.decode()
    page = as_staff.get(address).content.decode()
    in_euros = as_staff.get(address, {"currency": "EUR"}).content.decode()

    assert address in change
    assert "It counts for 1 of 2 plans on sale in USD" in page
    assert "US$8.00" in page
    assert "Big" not in page
    assert "Buy for" not in page
    assert "€4.00" in in_euros
