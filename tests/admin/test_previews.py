"""What is not public yet opens for staff who may look at it on the staff site, and for nobody else."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests import make
from tests.admin.dialogs import helper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


def hidden_plan(now):
    return reverse("plans:plan", args=[make.make_plan(is_active=False).public_id])


def coming_announcement(now):
    row = make.make_announcement(shown_from=now + timedelta(days=1))
    return reverse("plans:announcement", args=[row.public_id])


def hidden_outlet(now):
    return reverse("esim:outlet", args=[make.make_outlet(is_active=False).public_id])


def coming_promotion(now):
    return reverse("plans:promotion_preview", args=[make.make_promotion(active_from=now + timedelta(days=1)).slug])


def coupon_switched_off(now):
    make.make_plan()
    return reverse("billing:coupon_preview", args=[make.make_coupon(is_active=False).slug])


PREVIEWS = {
    "plan": hidden_plan,
    "announcement": coming_announcement,
    "outlet": hidden_outlet,
    "promotion": coming_promotion,
    "coupon": coupon_switched_off,
}


@pytest.fixture(params=PREVIEWS)
def preview(request, now):
    """The name of a model, and the address of a row of it that buyers do not see yet."""
    return request.param, PREVIEWS[request.param](now)


@pytest.mark.parametrize("deed", ["view", "change"])
def test_whoever_may_look_at_it_on_the_staff_site_sees_it_beforehand(client, preview, deed):
    model, address = preview
    client.force_login(helper(f"{deed}_{model}"))

    page = client.get(address)

    assert page.status_code == 200
    assert "Only staff see this page." in page.content.decode()


def test_staff_for_something_else_do_not(client, preview):
    model, address = preview
    client.force_login(helper("view_ticket", "view_order", f"add_{model}"))

    assert client.get(address).status_code == 404


def test_subscribers_do_not_whatever_they_were_given(client, preview, subscriber):
    model, address = preview
    subscriber.user_permissions.add(Permission.objects.get(codename=f"view_{model}"))
    client.force_login(subscriber)

    assert client.get(address).status_code == 404
