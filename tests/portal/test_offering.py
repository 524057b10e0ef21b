"""What a carrier cannot do is not offered: pages, catalogue and purchases of one with its flags off."""

from dataclasses import replace

import pytest
from django.core.cache import cache
from django.urls import reverse

from billing.models import Order
from esim import carriers
from esim.checks import plans_without_product
from esim.models import CarrierProduct
from plans.models import Plan
from tests import make
from tests.fakes.carrier import FakeCarrier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]


@pytest.fixture
def able(monkeypatch):
    """Set what the chosen carrier can do."""

    def set_able(**flags):
        carrier = FakeCarrier()
        carrier.capabilities = replace(FakeCarrier.capabilities, **flags)
        monkeypatch.setitem(carriers.BUILDERS, "simulated", lambda: carrier)
        cache.clear()

    return set_able


@pytest.fixture
def line(subscriber, client):
    client.force_login(subscriber)
    found = make.make_line(owner=subscriber)
    make.make_profile(line=found)
    make.make_allowance(line=found)
    return found


def sold_in_catalogue(client, plan):
    return reverse("plans:plan", args=[plan.public_id]) in client.get(reverse("plans:catalogue")).text


def test_data_packs_are_offered_where_there_are_some(client, line, able):
    pack = make.make_data_pack()

    assert reverse("billing:top_up", args=[line.public_id]) in client.get(reverse("line", args=[line.public_id])).text
    assert sold_in_catalogue(client, pack)
    assert client.get(reverse("billing:top_up", args=[line.public_id])).status_code == 200
    assert client.get(reverse("billing:low_data", args=[line.public_id])).status_code == 200


def test_without_data_packs_nothing_speaks_of_them(client, line, able):
    pack, plan = make.make_data_pack(), make.make_plan()
    able(data_packs=False)

    pages = [client.get(reverse(name, args=[line.public_id])).text for name in ("line", "billing:auto_renewal")]

    for address in ("billing:top_up", "billing:low_data"):
        url = reverse(address, args=[line.public_id])
        assert not [page for page in pages if url in page]
        assert client.get(url).status_code == 404
    assert sold_in_catalogue(client, plan)
    assert not sold_in_catalogue(client, pack)
    assert client.get(reverse("plans:plan", args=[pack.public_id])).status_code == 404


def test_a_plan_that_the_carrier_has_no_product_for_is_not_sold(client, line, able):
    known, unknown = make.make_plan(), make.make_plan()
    CarrierProduct.objects.create(carrier="simulated", plan=known, code="K1")
    CarrierProduct.objects.create(carrier="another", plan=unknown, code="K2")
    able(product_codes=True)

    bought = client.post(reverse("billing:buy", args=[unknown.public_id]))

    assert bought.status_code == 302
    assert not Order.objects.exists()
    assert sold_in_catalogue(client, known)
    assert not sold_in_catalogue(client, unknown)
    assert client.get(reverse("billing:buy", args=[known.public_id])).status_code == 200


def test_the_check_before_a_deployment_names_plans_without_a_product(able):
    known, unknown = make.make_plan(), make.make_plan()
    Plan.objects.exclude(pk__in=[known.pk, unknown.pk]).delete()
    CarrierProduct.objects.create(carrier="simulated", plan=known, code="K1")

    before = plans_without_product()
    able(product_codes=True)
    (found,) = plans_without_product()

    assert before == []
    assert found.id == "carrier.W001"
    assert unknown.code in found.msg
    assert known.code not in found.msg


def test_staff_are_not_offered_to_suspend_where_nobody_can(admin_client, subscriber, able):
    line = make.make_line(owner=subscriber)
    page, button = reverse("admin:esim_line_change", args=[line.pk]), "/suspend"

    offered = button in admin_client.get(page).text
    able(suspension=False)

    assert offered
    assert button not in admin_client.get(page).text


def test_a_plan_is_sold_from_the_moment_staff_enter_its_product(admin_client, able):
    plan = make.make_plan()
    able(product_codes=True)
    before = sold_in_catalogue(admin_client, plan)

    wishes = {"carrier": "simulated", "plan": plan.pk, "code": "  esim_10GB_30D_EU_V2 "}
    added = admin_client.post(reverse("admin:esim_carrierproduct_add"), wishes)
    cache.clear()

    assert added.status_code == 302
    assert CarrierProduct.objects.get().code == "esim_10GB_30D_EU_V2"
    assert (before, sold_in_catalogue(admin_client, plan)) == (False, True)


def test_a_carrier_that_nobody_knows_is_no_choice(admin_client):
    wishes = {"carrier": "acme", "plan": make.make_plan().pk, "code": "X"}

    answer = admin_client.post(reverse("admin:esim_carrierproduct_add"), wishes)

    assert answer.status_code == 200
    assert not CarrierProduct.objects.exists()
