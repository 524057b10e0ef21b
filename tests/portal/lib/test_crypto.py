import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.test.utils import isolate_apps
from hypothesis import given
from hypothesis import strategies as st

from portal.lib.crypto import (
    DecryptionFailed,
    Sealed,
    decrypt,
    encrypt,
    key_id,
    lookup_hash,
    rotate,
)
from portal.lib.public_ids import PublicIdField
from tests import make

OLD, NEW = make.encryption_key("k1"), make.encryption_key("k2")
CODE = "LPA:1$smdp.example.com$MATCHING-ID"


@pytest.fixture(autouse=True)
def ring(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]


@pytest.fixture
def profile_class():
    with isolate_apps("portal"):

        class Profile(models.Model):  # noqa: DJ008
            public_id = PublicIdField(prefix="prf")
            code_ciphertext = models.TextField(blank=True, default="")
            pin_ciphertext = models.TextField(blank=True, default="")
            code = Sealed("code_ciphertext")
            pin = Sealed("pin_ciphertext")

            class Meta:
                app_label = "portal"

        yield Profile


@given(plaintext=st.text(), context=st.text())
def test_what_was_encrypted_is_read_again(plaintext, context):
    assert decrypt(encrypt(plaintext, context=context), context=context) == plaintext


def test_a_token_shows_its_key_and_nothing_of_the_text():
    token = encrypt(CODE, context="a")

    version, name, payload = token.split(".")
    assert (version, name) == ("v1", "k1")
    assert CODE.encode() not in base64.urlsafe_b64decode(payload + "==")
    assert token != encrypt(CODE, context="a")


def test_a_token_moved_to_another_row_stays_shut():
    token = encrypt(CODE, context="esim.SimProfile.code:prf_1")

    with pytest.raises(DecryptionFailed):
        decrypt(token, context="esim.SimProfile.code:prf_2")


def test_a_token_under_another_keys_name_stays_shut(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [OLD, OLD.replace("k1:", "k9:")]
    token = encrypt(CODE, context="a")

    with pytest.raises(DecryptionFailed):
        decrypt(token.replace("v1.k1.", "v1.k9."), context="a")


@pytest.mark.parametrize("position", [6, 20, 30, -2])
def test_a_token_changed_in_one_place_stays_shut(position):
    token = encrypt(CODE, context="a")
    changed = list(token)
    changed[position] = "A" if changed[position] != "A" else "B"

    with pytest.raises(DecryptionFailed):
        decrypt("".join(changed), context="a")


@pytest.mark.parametrize(
    "token", ["", "v1", "v1.k1", "v1.k1.", "v1.k1.AAAA", "v1.k1.*", "v1.k1.é", "v2.k1.AAAA", "a.b.c.d"]
)
def test_what_is_no_token_fails_as_one_error(token):
    with pytest.raises(DecryptionFailed):
        decrypt(token, context="a")


def test_failures_do_not_tell_the_secret():
    token = encrypt(CODE, context="a")

    with pytest.raises(DecryptionFailed) as failure:
        decrypt(token, context="b")

    assert token not in str(failure.value)
    assert CODE not in str(failure.value)


def test_rotation_moves_tokens_to_the_first_key(settings):
    token = encrypt(CODE, context="a")
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(token, context="a") == CODE

    rotated = rotate(token, "a")

    assert (key_id(token), key_id(rotated)) == ("k1", "k2")
    assert rotate(rotated, "a") == rotated
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    assert decrypt(rotated, context="a") == CODE
    with pytest.raises(DecryptionFailed):
        decrypt(token, context="a")


def test_rotation_refuses_a_token_from_elsewhere(settings):
    token = encrypt(CODE, context="a")
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]

    with pytest.raises(DecryptionFailed):
        rotate(token, "b")


def test_a_lookup_hash_is_stable_secret_and_bound_to_its_purpose(settings):
    here = lookup_hash("+886912345678", purpose="phone")

    assert here == lookup_hash("+886912345678", purpose="phone")
    assert here != lookup_hash("+886912345679", purpose="phone")
    assert here != lookup_hash("+886912345678", purpose="document")
    assert len(here) == 64
    settings.PORTAL_ENCRYPTION_KEYS = [NEW]
    assert here != lookup_hash("+886912345678", purpose="phone")


def test_a_new_key_in_front_changes_no_lookup_hash(settings):
    before = lookup_hash("AB123", purpose="document")

    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]

    assert lookup_hash("AB123", purpose="document") == before


def test_a_dropped_key_goes_on_hashing_where_it_is_the_lookup_key(settings):
    before = lookup_hash("AB123", purpose="document")

    settings.PORTAL_ENCRYPTION_KEYS, settings.PORTAL_LOOKUP_KEY = [NEW], OLD

    assert lookup_hash("AB123", purpose="document") == before


def test_a_broken_lookup_key_is_loud_and_keeps_its_secret(settings):
    settings.PORTAL_LOOKUP_KEY = "k1:short"

    with pytest.raises(ImproperlyConfigured, match="PORTAL_LOOKUP_KEY: expected") as failure:
        lookup_hash("AB123", purpose="document")

    assert "short" not in str(failure.value)


@pytest.mark.parametrize(
    "ring",
    [
        [],
        ["k1"],
        ["k1:"],
        ["k1:short"],
        [make.encryption_key("")],
        [make.encryption_key("a.b")],
        [OLD, OLD],
        ["k1:" + "é" * 43],
    ],
    ids=["none", "no key", "empty key", "short", "no id", "dotted id", "id twice", "not base64"],
)
def test_a_broken_ring_is_loud_and_keeps_its_secrets(settings, ring):
    settings.PORTAL_ENCRYPTION_KEYS = ring

    with pytest.raises(ImproperlyConfigured) as failure:
        encrypt(CODE, context="a")

    assert not any(entry.partition(":")[2] and entry.partition(":")[2] in str(failure.value) for entry in ring)


def test_keys_in_either_base64_alphabet_are_one_key(settings):
    raw = b"\xfb\xff" * 16
    settings.PORTAL_ENCRYPTION_KEYS = ["k1:" + base64.b64encode(raw).decode()]
    token = encrypt(CODE, context="a")

    settings.PORTAL_ENCRYPTION_KEYS = ["k1:" + base64.urlsafe_b64encode(raw).decode().rstrip("=")]

    assert decrypt(token, context="a") == CODE


def test_a_sealed_attribute_is_clear_in_code_and_shut_in_the_column(profile_class):
    profile = profile_class()

    profile.code = CODE

    assert profile.code == CODE
    assert profile.code_ciphertext.startswith("v1.k1.")
    assert profile_class.code.context(profile) == f"portal.Profile.code:{profile.public_id}"


def test_an_empty_sealed_attribute_is_empty_both_ways(profile_class):
    profile = profile_class()
    assert profile.code == ""

    profile.code = CODE
    profile.code = ""

    assert profile.code_ciphertext == ""


def test_a_ciphertext_copied_to_another_row_or_column_stays_shut(profile_class):
    mine, theirs = profile_class(), profile_class()
    mine.code = CODE

    theirs.code_ciphertext = mine.code_ciphertext
    mine.pin_ciphertext = mine.code_ciphertext

    with pytest.raises(DecryptionFailed):
        theirs.code  # noqa: B018
    with pytest.raises(DecryptionFailed):
        mine.pin  # noqa: B018


def test_sealing_a_row_without_a_public_id_is_refused(profile_class):
    profile = profile_class(public_id="")

    with pytest.raises(ValueError, match="public id"):
        profile.code = CODE
