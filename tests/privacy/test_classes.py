"""Every field that is about a person has a class: what they are told, what never leaves, what becomes of it."""

import re

import pytest
from django.apps import apps
from django.db.models import ForeignKey, OneToOneField

from accounts.models import User
from portal.privacy.about_nobody import NOBODY, STAFF_FIELDS
from portal.privacy.everything import EVERYTHING
from portal.privacy.rows import OnClosing

BY_MODEL = {rows.model: rows for rows in EVERYTHING}
MODELS = {model._meta.label: model for model in apps.get_models()}
HISTORY = re.compile(r"\w+\.Historical\w+")
PERSONAL = re.compile(r"(^|_)(email|phone|msisdn|full_name|address|ip|iccid|eid|birth|passport)(_|$)")
NOT_OF_A_PERSON = {
    "accounts.OutboxMessage": {"recipient"},
    "esim.Outlet": {"address", "address_zh_hans", "address_zh_hant", "phone"},
    "esim.CarrierEvent": {"iccid"},
    "esim.CarrierOrder": {"iccid"},
}


def names(rows):
    return [*rows.told.split(), *rows.inner.split(), *rows.secret.split()]


def columns(model):
    return {field.name for field in model._meta.concrete_fields}


def test_each_model_is_about_somebody_or_about_nobody():
    known = set(BY_MODEL) | NOBODY

    assert not set(BY_MODEL) & NOBODY
    assert {label for label in MODELS if not HISTORY.fullmatch(label)} == known


@pytest.mark.parametrize("label", sorted(BY_MODEL))
def test_each_field_has_one_class(label):
    rows, model = BY_MODEL[label], MODELS[label]
    given = names(rows)

    assert len(given) == len(set(given))
    assert columns(model) <= set(given), "say in portal/privacy/about_*.py what these are"
    properties = set(given) - columns(model)
    assert all(hasattr(model, name) for name in properties), properties
    assert set(rows.blanked) <= columns(model)


@pytest.mark.parametrize("label", sorted(NOBODY))
def test_what_is_about_nobody_points_to_no_subscriber(label):
    model = MODELS[label]
    people = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey | OneToOneField) and field.related_model is User
    }
    suspicious = {name for name in columns(model) if PERSONAL.search(name)}

    assert people <= STAFF_FIELDS
    assert suspicious <= NOT_OF_A_PERSON.get(label, set())


@pytest.mark.parametrize("rows", EVERYTHING, ids=lambda rows: rows.model)
def test_what_is_kept_says_why(rows):
    assert (rows.on_closing == OnClosing.KEPT) == bool(rows.because)
    assert not (rows.on_closing == OnClosing.REMOVED and rows.blanked)
