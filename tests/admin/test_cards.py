"""The stock in the staff pages: taken in whole or not at all, and never telling a PIN."""

import logging

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent, Notification
from esim import pins
from esim.identifiers import with_luhn_digit
from esim.models import SimCard
from tests import make
from tests.admin.dialogs import told

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LIST = "/admin/esim/simcard/"
CSV, XLSX = "0", "1"
NUMBERS = [with_luhn_digit(f"8985209{n:011}") for n in range(60)]
HEAD = "iccid,pin,msisdn,profile_type,form,puk,batch\n"


def send(client, text, file_format=CSV):
    file = SimpleUploadedFile("cards.csv", text.encode("utf-8-sig"))
    return client.post(f"{LIST}import/", {"import_file": file, "format": file_format})


def confirm(client, preview):
    return client.post(f"{LIST}process_import/", preview.context["confirm_form"].initial)


def fifty():
    return [f"{NUMBERS[n]}F,{470000 + n},+141555501{n:02},DATA,physical,{90000000 + n},B1" for n in range(50)]


def test_fifty_cards_come_from_a_sheet(as_staff, staff, caplog):
    caplog.set_level(logging.DEBUG)

    preview = send(as_staff, HEAD + "\n".join(fifty()))
    assert not SimCard.objects.exists()
    answer = confirm(as_staff, preview)

    assert answer.status_code == 302
    assert SimCard.objects.count() == 50
    card = SimCard.objects.get(iccid=NUMBERS[7])
    assert (card.msisdn, card.form, card.batch, card.carrier) == ("+14155550107", "physical", "B1", "simulated")
    assert pins.matches(card, "470007")
    assert not pins.matches(card, "470008")
    assert card.puk == "90000007"
    assert AuditEvent.objects.get(action="card.imported").detail == {"cards": 50}
    for secret in ("470007", "90000007"):
        assert secret not in preview.content.decode()
        assert secret not in caplog.text
        assert secret not in card.pin_sealed + card.puk_ciphertext


def test_the_sheet_waits_encrypted_for_its_confirmation(as_staff, monkeypatch):
    kept = {}
    monkeypatch.setattr(cache, "set", lambda key, value, *args, **kwargs: kept.update({key: value}))

    send(as_staff, HEAD + fifty()[0])

    sheet = next(value for key, value in kept.items() if key.startswith("django-import-export-"))
    assert isinstance(sheet, str)
    assert "470000" not in sheet
    assert NUMBERS[0] not in sheet


def test_sheet_that_waited_too_long_is_asked_for_again(as_staff):
    preview = send(as_staff, HEAD + fifty()[0])
    cache.clear()

    answer = confirm(as_staff, preview)

    assert answer.url == f"{LIST}import/"
    assert told(answer)[-1] == "This sheet is no longer kept. Send it again, unless it was imported already."
    assert not SimCard.objects.exists()


def test_without_the_column_for_pins_they_are_for_sale(as_staff):
    confirm(as_staff, send(as_staff, f"iccid,profile_type\n{NUMBERS[0]},DATA\n"))

    assert SimCard.objects.for_sale(carrier="simulated", profile_type="DATA").get().iccid == NUMBERS[0]


def test_every_bad_row_is_told_by_line_and_nothing_is_imported(as_staff):
    make.make_card(iccid=NUMBERS[50])
    make.make_profile(line=make.make_line(owner=make.make_user(), msisdn="+14155559999"), iccid=NUMBERS[51])
    bad = [
        "123,4711,,DATA,,,",
        f"{NUMBERS[52]},,,DATA,,,",
        f"{NUMBERS[53]},12,,DATA,,,",
        f"{NUMBERS[54]},4711,004915,DATA,,,",
        f"{NUMBERS[50]},4711,,DATA,,,",
        f"{NUMBERS[51]},4711,,DATA,,,",
        f"{NUMBERS[55]},4711,,DATA,,,",
        f"{NUMBERS[55]}F,4711,,DATA,,,",
        f"{NUMBERS[56]},4711,+14155559999,DATA,,,",
        f"{NUMBERS[57]},4711,,DATA,paper,,",
        f"{NUMBERS[58]},4711,,DATA,,12,",
    ]

    page = send(as_staff, HEAD + "\n".join([*fifty(), *bad]))

    told = [(row.number + 1, next(iter(row.error_dict))) for row in page.context["result"].invalid_rows]
    names = ["iccid", "pin", "pin", "msisdn", "iccid", "iccid", "iccid", "iccid", "msisdn", "form", "puk"]
    assert told == [(52 + index, name) for index, name in enumerate(names)]
    text = page.content.decode()
    assert "Nothing was imported: 11 rows have faults." in text
    assert f"“{NUMBERS[55]}” stands on lines 58, 59." in text
    assert "The PIN is missing" in text
    assert "4711" not in text
    assert SimCard.objects.count() == 1


def test_a_faulty_row_does_not_show_its_pin_wherever_the_column_stands(as_staff):
    page = send(as_staff, "pin,iccid\n13572468,123\n").content.decode()

    assert "13572468" not in page
    assert "has 19 or 20 digits" in page


def test_a_wrong_check_digit_is_a_warning_only(as_staff):
    wrong = f"{NUMBERS[0][:-1]}{(int(NUMBERS[0][-1]) + 1) % 10}"

    preview = send(as_staff, f"iccid\n{NUMBERS[1]}\n{wrong}\n")
    confirm(as_staff, preview)

    assert "The check digit of the number on line 3 looks wrong" in preview.content.decode()
    assert SimCard.objects.filter(iccid=wrong).exists()


def test_a_sheet_that_is_none_is_told(as_staff):
    for text in ("", "number\n1\n", "iccid,secret\n1,2\n", "\x00", "iccid\n" + "\n".join(str(n) for n in range(2001))):
        page = send(as_staff, text)

        assert page.status_code == 200
    assert not SimCard.objects.exists()


def test_a_card_taken_meanwhile_stops_the_whole_sheet(as_staff):
    preview = send(as_staff, HEAD + "\n".join(fifty()))
    make.make_card(iccid=NUMBERS[3])

    confirm(as_staff, preview)

    assert SimCard.objects.count() == 1


def test_cards_are_withdrawn_and_put_back_on_record(as_staff, staff):
    free, reserved = make.make_card(), make.make_card(state="reserved", reserved_for="ord_1")
    rows = {"_selected_action": [free.pk, reserved.pk]}

    as_staff.post(LIST, {"action": "withdraw", **rows})
    free.refresh_from_db()
    reserved.refresh_from_db()
    assert (free.state, reserved.state) == ("withdrawn", "reserved")

    as_staff.post(LIST, {"action": "put_back", **rows})
    free.refresh_from_db()
    assert free.state == "available"
    trail = AuditEvent.objects.filter(target=free.public_id, actor=staff).order_by("pk")
    assert [event.action for event in trail] == ["card.withdrawn", "card.put_back"]


def test_a_new_pin_is_shown_once_and_its_owner_told(as_staff, staff, subscriber):
    line = make.make_line(owner=subscriber)
    profile = make.make_profile(line=line)
    card = make.make_card(iccid=profile.iccid, state="used", line=line)
    address = f"{LIST}{card.pk}/new-pin/"

    assert as_staff.post(address, {"reason": ""}).status_code == 422
    shown = as_staff.post(address, {"reason": "Passport seen at the outlet"})

    card.refresh_from_db()
    pin = shown.context["pin"]
    assert pins.matches(card, pin)
    assert pin in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    for page in (address, f"{LIST}{card.pk}/change/", LIST):
        assert pin not in as_staff.get(page).content.decode()
    event = AuditEvent.objects.get(action="line.new_pin_issued")
    assert (event.actor, event.subject, event.detail["reason"]) == (staff, subscriber, "Passport seen at the outlet")
    assert pin not in str(event.detail)
    notice = Notification.objects.get(user=subscriber)
    assert notice.kind == "card_pin_issued"
    assert pin not in str(notice.context)


def test_a_reserved_or_replaced_card_gets_no_pin(as_staff, subscriber):
    line = make.make_line(owner=subscriber)
    replaced = make.make_profile(line=line, is_current=False)
    cards = [
        make.make_card(state="reserved", reserved_for="ord_1"),
        make.make_card(state="withdrawn"),
        make.make_card(iccid=replaced.iccid, state="used", line=line),
    ]

    for card in cards:
        answer = as_staff.post(f"{LIST}{card.pk}/new-pin/", {"reason": "Asked for it"})

        assert answer.status_code == 422
        card.refresh_from_db()
        assert card.pin_sealed == ""


def test_the_list_counts_and_filters(as_staff, django_assert_max_num_queries):
    make.make_card()
    make.make_card(pin="4711")
    make.make_card(state="withdrawn", form="physical")

    page = as_staff.get(LIST)

    kinds = {(kind["form"], kind["for_sale"], kind["with_pin"], kind["withdrawn"]) for kind in page.context["stock"]}
    assert kinds == {("esim", 1, 1, 0), ("physical", 0, 0, 1)}
    assert as_staff.get(f"{LIST}?sold=elsewhere").context["cl"].result_count == 1
    assert as_staff.get(f"{LIST}?sold=here").context["cl"].result_count == 2


def test_looking_is_not_acting(client, subscriber):
    looks = make.make_user(is_staff=True)
    give(looks, "view_simcard")
    card = make.make_card()
    client.force_login(looks)

    assert client.get(f"{LIST}import/").status_code == 403
    assert client.post(f"{LIST}process_import/", {}).status_code == 403
    assert client.post(f"{LIST}{card.pk}/new-pin/", {"reason": "x"}).status_code == 403
    client.post(LIST, {"action": "withdraw", "_selected_action": [card.pk]})
    card.refresh_from_db()
    assert (card.state, card.pin_sealed) == ("available", "")
    assert client.get(f"{LIST}export/").status_code == 403


def give(user, codename):
    user.user_permissions.add(Permission.objects.get(codename=codename))


def test_long_sheets_are_loaded_by_command(tmp_path, capsys):
    sheet = tmp_path / "cards.csv"
    sheet.write_text(HEAD + "\n".join(fifty()))

    call_command("import_cards", str(sheet), "--dry-run")
    assert not SimCard.objects.exists()
    call_command("import_cards", str(sheet))
    assert SimCard.objects.count() == 50
    with pytest.raises(CommandError, match="Line 2, iccid: This card is in stock already"):
        call_command("import_cards", str(sheet))

    told = capsys.readouterr().out
    assert "50 cards were imported." in told
    assert "470000" not in told
