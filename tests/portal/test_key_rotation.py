"""A key that leaked can be replaced without losing a secret."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command

from accounts.second_factors import factors_of
from esim.models import SimProfile
from portal.key_rotation import rotate_column, rotate_everything, sealed_attributes
from portal.lib.crypto import key_id
from tests.make import encryption_key, make_line, make_profile

OLD, NEW = encryption_key("old"), encryption_key("new")


@pytest.fixture
def profile(subscriber, settings):
    """A profile whose code is under the old key, while a new key is in front."""
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]
    profile = make_profile(line=make_line(owner=subscriber), activation_code="1$smdp.example.com$SECRET")
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
    return profile


def test_afterwards_the_old_key_is_not_needed(profile, settings):
    call_command("rotate_encryption_keys", verbosity=0)

    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    assert SimProfile.objects.get().activation_code == "1$smdp.example.com$SECRET"


def test_before_a_key_is_dropped_the_one_that_hashes_has_to_be_kept(profile, settings, capsys):
    call_command("rotate_encryption_keys")
    first = capsys.readouterr().out
    settings.PORTAL_LOOKUP_KEY = OLD
    call_command("rotate_encryption_keys")
    second = capsys.readouterr().out
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    call_command("rotate_encryption_keys")

    assert "Set PORTAL_LOOKUP_KEY" in first
    assert "may be dropped" not in first
    assert "may be dropped" in second
    assert capsys.readouterr().out.endswith("Everything is under the first key.\n")


def test_every_encrypted_column_is_found():
    assert [sealed.name for model, sealed in sealed_attributes() if model is SimProfile] == [
        "activation_code",
        "confirmation_code",
        "pin",
        "puk",
    ]


def test_it_goes_on_where_it_was_interrupted(profile, settings):
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]
    for _ in range(4):
        make_profile(line=make_line(owner=profile.line.owner))
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
    _model, codes = next(found for found in sealed_attributes() if found[1].name == "activation_code")
    first = SimProfile.objects.order_by("pk").first()
    SimProfile.objects.filter(pk=first.pk).update(activation_code_ciphertext="")
    rotate_column(SimProfile, codes, batch=2)
    SimProfile.objects.filter(pk=first.pk).update(activation_code_ciphertext=first.activation_code_ciphertext)

    report = rotate_column(SimProfile, codes, batch=2)

    assert report.rotated == 1
    assert {key_id(row.activation_code_ciphertext) for row in SimProfile.objects.all()} == {"new"}


def test_again_changes_nothing(profile):
    rotate_everything()
    token = SimProfile.objects.get().activation_code_ciphertext

    assert sum(report.rotated for report in rotate_everything()) == 0
    assert SimProfile.objects.get().activation_code_ciphertext == token


def test_second_factors_survive(subscriber, settings):
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]
    with factors_of(subscriber):
        TOTP.activate(subscriber, "JBSWY3DPEHPK3PXP")
        codes = RecoveryCodes.activate(subscriber).get_unused_codes()
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]

    call_command("rotate_encryption_keys", verbosity=0)

    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    totp, recovery = (Authenticator.objects.get(type=kind) for kind in ("totp", "recovery_codes"))
    assert key_id(totp.data["secret"]) == "new"
    with factors_of(subscriber):
        assert recovery.wrap().get_unused_codes() == codes


def test_what_no_key_opens_is_named_and_left_alone(profile, settings):
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    before = SimProfile.objects.get().activation_code_ciphertext

    with pytest.raises(CommandError, match=f"activation_code {profile.pk}"):
        call_command("rotate_encryption_keys", verbosity=0)
    assert SimProfile.objects.get().activation_code_ciphertext == before
