"""Turning auto-renewal on with an explicit consent, and off in one click."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.letters import write_email
from accounts.models import AuditEvent, Notification
from billing import charging_stops, renewals
from billing.consent import VERSION
from billing.models import Charge, Order, PaymentMethod, Subscription
from esim.models import Allowance
from plans.models import PlanPrice
from plans.terms import PlanTerms
from portal.lib.dates import held_together
from portal.lib.money import Money
from tests import make

pytestmark = pytest.mark.usefixtures("at_now")

DAY = timedelta(days=1)
SENTENCE = (
    "Renew “Europe 10 GB” (30 days) for US$14.90 each time, paid from Visa 4242, 24 hours before the paid time ends, "
    "until I turn this off. If price or terms change, nothing is charged until I agree again."
)


@pytest.fixture
def paid(line, plan, now):
    return make.make_allowance(line=line, plan=plan, starts_at=now - 10 * DAY, ends_at=now + 20 * DAY)


@pytest.fixture
def agree_url(line):
    return reverse("billing:agree", args=[line.public_id])


def consent(plan, source, **fields):
    return {"plan": plan.public_id, "source": source, "agreed": "on", "sentence_seen": SENTENCE, **fields}


def test_agreeing_turns_it_on_and_keeps_the_exact_consent(proven, agree_url, line, plan, card, paid, now):
    shown = proven.get(agree_url, {"plan": plan.public_id, "source": card.public_id}).content.decode()
    proven.post(agree_url, consent(plan, card.public_id))

    agreed = Subscription.objects.get()
    assert SENTENCE in shown
    assert (agreed.mode, agreed.state, agreed.method) == (Subscription.Mode.AUTOMATIC, Subscription.State.ACTIVE, card)
    assert (agreed.agreement.text, agreed.agreed_price) == (SENTENCE, Money(1490, "USD"))
    words = agreed.agreement
    assert (words.agreed_at, words.ip, words.version) == (now, "127.0.0.1", VERSION)
    assert agreed.consent_terms["data_bytes"] == plan.data_bytes
    assert (agreed.anchor_at, agreed.period_index) == (paid.starts_at, 1)
    assert agreed.charge_due_at == paid.ends_at - DAY
    assert AuditEvent.objects.get(action="auto_renewal.turned_on").target == line.public_id


def test_a_wish_that_cannot_be_keeps_the_plan_that_was_chosen(proven, line, agree_url, plan, card, paid):
    other = make.make_plan(name="Europe 20 GB", prices={"USD": 2490})
    wishes = {"plan": other.public_id, "source": card.public_id, "backup": card.public_id, "max_times": "0"}

    html = proven.get(agree_url, wishes, follow=True).content.decode()

    chosen = html.index(f'value="{other.public_id}"')
    assert chosen < html.index(f'value="{plan.public_id}"')
    assert "checked" in html[chosen : html.index(">", chosen)]


def test_the_password_is_asked_before_money_may_move(as_subscriber, agree_url, plan, card, paid):
    shown = as_subscriber.get(agree_url, {"plan": plan.public_id, "source": card.public_id})
    sent = as_subscriber.post(agree_url, consent(plan, card.public_id))

    assert shown.url.startswith(reverse("account_reauthenticate"))
    assert sent.url.startswith(reverse("account_reauthenticate"))
    assert not Subscription.objects.exists()


def test_without_the_tick_nothing_is_agreed(proven, agree_url, plan, card, paid):
    answer = proven.post(agree_url, consent(plan, card.public_id, agreed=""))

    assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_a_price_that_changed_while_reading_is_shown_again(proven, agree_url, plan, card, paid, now):
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    answer = proven.post(agree_url, consent(plan, card.public_id))

    assert answer.status_code == 422
    assert "US$16.90" in answer.content.decode()
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("source", ["", "balance+", "pmt_0000000000000000", "balance+pmt_0000000000000000"])
def test_a_source_that_is_not_there_is_asked_for_again(proven, agree_url, line, plan, paid, source):
    answer = proven.post(agree_url, consent(plan, source), follow=True)

    assert answer.redirect_chain[-1][0].startswith(reverse("billing:auto_renewal", args=[line.public_id]))
    assert not Subscription.objects.exists()


def test_the_card_of_somebody_else_pays_nothing(proven, agree_url, plan, stranger, paid):
    theirs = make.make_method(owner=stranger)

    proven.post(agree_url, consent(plan, theirs.public_id))

    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("source", "pay_from", "words"),
    [
        ("balance", Subscription.PayFrom.WALLET, "my balance"),
        ("balance+{card}", Subscription.PayFrom.WALLET_THEN_METHOD, "my balance first and Visa 4242 for the rest"),
    ],
    ids=["balance", "both"],
)
def test_the_balance_can_pay(proven, agree_url, plan, card, paid, source, pay_from, words):
    sentence = SENTENCE.replace("Visa 4242", words)

    proven.post(agree_url, consent(plan, source.format(card=card.public_id), sentence_seen=sentence))

    assert Subscription.objects.get().pay_from == pay_from


def test_a_line_without_a_running_plan_is_renewed_first(proven, line, plan, card, agree_url):
    shown = proven.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()
    proven.post(agree_url, consent(plan, card.public_id))

    assert "No plan is running" in shown
    assert not Subscription.objects.exists()


def test_agreeing_again_clears_a_pause_and_keeps_one_row(proven, agree_url, line, plan, card, paid):
    make.make_subscription(
        line=line, plan=plan, method=card, state=Subscription.State.PAUSED, reason="price_changed", declines=2
    )

    proven.post(agree_url, consent(plan, card.public_id))

    agreed = Subscription.objects.get()
    assert (agreed.state, agreed.reason, agreed.declines) == (Subscription.State.ACTIVE, "", 0)


def test_agreeing_again_never_charges_an_old_order_at_its_old_price(proven, agree_url, line, plan, card, paid):
    old = make.make_subscription(line=line, plan=plan, method=card, state=Subscription.State.PAUSED)
    make.make_order(owner=line.owner, line=line, plan=plan, subscription=old, period_index=1, amount=990)

    proven.post(agree_url, consent(plan, card.public_id))

    assert Subscription.objects.get().period_index == 2


def test_nothing_changes_while_a_renewal_is_being_paid(proven, agree_url, line, plan, card, paid, now):
    make.make_subscription(line=line, plan=plan, method=card)
    renewals.claim(Subscription.objects.due(now), now=now, limit=1)

    answer = proven.post(agree_url, consent(plan, card.public_id), follow=True)

    assert "being paid right now" in answer.content.decode()
    assert Subscription.objects.get().agreement.text == "Renew it until I turn this off."


def test_the_page_shows_the_next_charge(as_subscriber, line, plan, card, paid, now):
    make.make_subscription(line=line, plan=plan, method=card, charge_due_at=now + 19 * DAY)

    shown = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()

    assert all(
        text in shown
        for text in (
            "US$14.90",
            held_together("10 Dec 2026"),
            "in\N{NO-BREAK SPACE}19\N{NO-BREAK SPACE}days",
            "Visa 4242",
        )
    )


def test_a_pause_shows_why_and_the_new_price(as_subscriber, line, plan, card, paid, now):
    make.make_subscription(line=line, plan=plan, method=card, state=Subscription.State.PAUSED, reason="price_changed")
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    shown = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()

    assert "The price has changed since you agreed." in shown
    assert "US$16.90" in shown


def test_a_pause_that_outlasted_the_plan_leads_to_renewing_by_hand(as_subscriber, line, plan, card, now):
    """There is no end at which to renew any more, so there are no terms to agree to either."""
    make.make_allowance(line=line, plan=plan, starts_at=now - 40 * DAY, ends_at=now - 10 * DAY)
    make.make_subscription(line=line, plan=plan, method=card, state=Subscription.State.PAUSED, reason="price_changed")
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    answer = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id]))

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "The price has changed since you agreed." in shown
    assert "Renew the line first, then turn it on here." in shown
    assert reverse("billing:renew", args=[line.public_id]) in shown


def test_the_difference_is_shown_and_agreed_to_where_it_stands(proven, agree_url, line, plan, card, paid, now):
    agreed = PlanTerms.of(plan).to_json() | {"data_bytes": 20_000_000_000, "countries": [*plan.countries, "US"]}
    make.make_subscription(
        line=line, plan=plan, method=card, state=Subscription.State.PAUSED, reason="price_changed", consent_terms=agreed
    )
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    shown = proven.get(reverse("billing:auto_renewal", args=[line.public_id]))
    terms = shown.context["new_terms"]
    proven.post(agree_url, {**terms.chosen, "sentence_seen": terms.sentence, "agreed": "on"})

    rows = {change.label: (change.old, change.new) for change in shown.context["changes"]}
    assert rows["Price"] == ("US$14.90", "US$16.90")
    assert rows["Data"] == ("20 GB", "10 GB")
    assert rows["No longer covered"] == ("United States", "none")
    assert "Agree to the new terms for US$16.90" in shown.content.decode()
    assert "Keep it off" in shown.content.decode()
    standing = Subscription.objects.get()
    assert (standing.state, standing.agreed_price) == (Subscription.State.ACTIVE, Money(1690, "USD"))
    assert standing.consent_terms["data_bytes"] == plan.data_bytes


def test_a_price_that_has_changed_is_agreed_to_before_it_pauses_anything(
    proven, agree_url, line, plan, card, paid, now
):
    make.make_subscription(line=line, plan=plan, method=card, charge_due_at=paid.ends_at - DAY)
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    shown = proven.get(reverse("billing:auto_renewal", args=[line.public_id]))
    terms = shown.context["new_terms"]
    proven.post(agree_url, {**terms.chosen, "sentence_seen": terms.sentence, "agreed": "on"})

    standing = Subscription.objects.get()
    assert (standing.state, standing.agreed_price) == (Subscription.State.ACTIVE, Money(1690, "USD"))
    assert standing.charge_due_at == paid.ends_at - DAY


def test_the_letter_of_a_pause_shows_old_and_new(line, plan, card, paid, now, subscriber):
    agreed = PlanTerms.of(plan).to_json() | {"data_bytes": 20_000_000_000}
    make.make_subscription(line=line, plan=plan, method=card, consent_terms=agreed, charge_due_at=now + 19 * DAY)

    call_command("renew_due", at=now + 19 * DAY)

    notice = Notification.objects.get(kind="renewal_paused")
    letter = write_email(kind=notice.kind, user=subscriber, context=notice.context)
    assert "Data: 20 GB → 10 GB" in letter.body
    assert reverse("billing:auto_renewal", args=[line.public_id]) in letter.body


def test_mode_second_card_and_limits_are_agreed_to_word_for_word(proven, agree_url, plan, card, paid, subscriber, now):
    second = make.make_method(owner=subscriber, brand="Mastercard", last_four="5454", is_default=False)
    wishes = {
        "plan": plan.public_id,
        "source": card.public_id,
        "mode": "ask",
        "backup": second.public_id,
        "max_times": "2",
        "max_amount": "40.00",
    }

    terms = proven.get(agree_url, wishes).context["terms"]
    proven.post(agree_url, {**wishes, "sentence_seen": terms.sentence, "agreed": "on"})

    standing = Subscription.objects.get()
    assert terms.sentence == (
        "Ask me 3 days before the paid time ends whether to renew “Europe 10 GB” (30 days) for US$14.90, paid from "
        "Visa 4242. Each time I am asked anew, and only when I say yes is that one renewal charged. If price or terms "
        "change, I am not asked until I agree again. If Visa 4242 is declined, Mastercard 5454 is charged instead. "
        "It is charged at most 2 times in a calendar month. Never more than US$40.00 is charged in a calendar month."
    )
    assert standing.agreement.text == terms.sentence
    assert standing.agreement.limits == {"max_times": 2, "max_amount": 4000}
    assert (standing.mode, standing.backup_method) == (Subscription.Mode.ASK, second)
    assert (standing.max_times, standing.max_amount) == (2, 4000)
    assert standing.charge_due_at == paid.ends_at - 3 * DAY


@pytest.mark.parametrize(
    "wrong",
    [{"backup": "{card}"}, {"max_times": "0"}, {"max_times": "many"}, {"max_amount": "-5"}, {"max_amount": "10.00"}],
    ids=["the same card twice", "no renewal", "no number", "less than nothing", "below the price"],
)
def test_what_cannot_be_kept_is_not_agreed_to(proven, agree_url, plan, card, paid, wrong):
    wishes = {name: value.format(card=card.public_id) for name, value in wrong.items()}

    answer = proven.get(agree_url, {"plan": plan.public_id, "source": card.public_id, **wishes})

    assert answer.url.startswith(agree_url.removesuffix("agree/") + "?")
    assert proven.get(answer.url).status_code == 200


@pytest.fixture
def ending(line, plan, now):
    """Paid until in a day: what is due was charged just now."""
    return make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)


def test_a_declined_renewal_shows_why_and_when_it_is_tried_again(as_subscriber, line, plan, card, ending, now):
    make.make_subscription(
        line=line,
        plan=plan,
        method=card,
        state=Subscription.State.PAST_DUE,
        reason="declined:insufficient_funds",
        charge_due_at=now + timedelta(hours=6),
    )

    shown = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()

    assert "not enough funds" in shown
    assert "16:00" in shown


def price_has_risen(now):
    PlanPrice.objects.create(plan=Subscription.objects.get().plan, currency="USD", amount=1690, valid_from=now)


def card_is_gone(now):
    PaymentMethod.objects.update(removed_at=now)


def all_is_stopped(now):
    Subscription.objects.update(charge_due_at=now - timedelta(hours=1))
    charging_stops.stop(reason="Maintenance", actor=None, ip=None, now=now)


@pytest.mark.parametrize("change", [price_has_risen, card_is_gone, all_is_stopped], ids=lambda change: change.__name__)
def test_a_declined_renewal_that_is_not_tried_again_promises_no_try(
    as_subscriber, line, plan, card, ending, now, change
):
    declined = {"state": Subscription.State.PAST_DUE, "reason": "declined:insufficient_funds", "declines": 1}
    make.make_subscription(line=line, plan=plan, method=card, charge_due_at=now + timedelta(hours=6), **declined)
    change(now)

    pages = [reverse("billing:auto_renewal", args=[line.public_id]), reverse("line", args=[line.public_id])]
    shown = [as_subscriber.get(page).content.decode() for page in pages]

    assert all("as things stand it is not tried again" in text.lower() for text in shown)
    assert "We try again on" not in shown[0]
    assert ("When we try again" in shown[0]) == (change == all_is_stopped), "the ladder waits with all the rest"


def test_who_is_asked_first_is_promised_no_question_that_a_new_price_prevents(
    as_subscriber, line, plan, card, ending, now
):
    make.make_subscription(line=line, plan=plan, method=card, mode="ask", charge_due_at=now + timedelta(hours=2))
    pages = [reverse("billing:auto_renewal", args=[line.public_id]), reverse("line", args=[line.public_id])]
    asked = [as_subscriber.get(page).content.decode() for page in pages]
    price_has_risen(now)

    prevented = [as_subscriber.get(page).content.decode() for page in pages]

    assert all("We ask you" in text for text in asked)
    assert not any("We ask you" in text for text in prevented)
    assert "As things stand, it will not renew by itself" in prevented[0]
    assert "It does not renew by itself." in prevented[1]


def test_turning_off_is_one_click_and_a_confirmation(as_subscriber, line, plan, card, paid):
    make.make_subscription(line=line, plan=plan, method=card)
    url = reverse("billing:turn_off", args=[line.public_id])

    asked = as_subscriber.get(url).content.decode()
    as_subscriber.post(url)

    assert "What is paid stays paid" in asked
    assert Subscription.objects.get().mode == Subscription.Mode.OFF
    assert AuditEvent.objects.get().action == "auto_renewal.turned_off"
    assert as_subscriber.get(url).status_code == 404


@pytest.mark.parametrize("name", ["auto_renewal", "agree", "turn_off"])
def test_a_stranger_finds_no_line(client, stranger, line, plan, card, paid, name):
    make.make_subscription(line=line, plan=plan, method=card)
    client.force_login(stranger)
    url = reverse(f"billing:{name}", args=[line.public_id])

    assert client.get(url).status_code == 404
    assert client.post(url).status_code in (404, 405)
    assert Subscription.objects.get().mode == Subscription.Mode.AUTOMATIC


@pytest.mark.parametrize("cards", [1, 3])
def test_the_page_asks_the_database_as_often_for_one_card_as_for_three(
    as_subscriber, line, plan, paid, subscriber, cards, django_assert_num_queries
):
    for _number in range(cards):
        make.make_method(owner=subscriber)

    with django_assert_num_queries(10):
        as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id]))


def test_a_dry_run_tells_exactly_what_would_be_charged_and_changes_nothing(line, plan, card, paid, now, capsys):
    make.make_subscription(line=line, plan=plan, method=card, anchor_at=paid.starts_at, charge_due_at=now + 19 * DAY)

    call_command("renew_due", at=now + 19 * DAY, dry_run=True)

    assert capsys.readouterr().out == (
        f"would charge: {line} ({line.public_id}), {plan.code}, USD 14.90, Visa 4242, "
        "2026-12-11 10:00 to 2027-01-10 10:00 UTC, expiry\n"
    )
    assert not Order.objects.exists()
    assert Subscription.objects.get().fence == 0


def test_weeks_later_the_command_has_charged_delivered_and_told_once(
    proven, agree_url, line, plan, subscriber, now, paid
):
    onward = proven.post(reverse("billing:add_method"))
    proven.post(onward.url, {"card": "4242"})
    proven.get(reverse("billing:method_added"))
    card = subscriber.payment_methods.get()
    proven.post(agree_url, consent(plan, card.public_id))

    for _run in range(2):
        call_command("renew_due", at=now + 22 * DAY)

    told = Notification.objects.get()
    assert Charge.objects.get().state == Charge.State.SUCCEEDED
    assert Allowance.objects.latest("ends_at").ends_at == now + 52 * DAY
    assert (told.kind, told.state) == ("order_fulfilled", Notification.State.SENT)
