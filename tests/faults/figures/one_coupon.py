"""A coupon for one order, and a hundred buyers at the same moment; a limit a person, and ten sessions of one; guesses."""

from collections.abc import Sequence
from uuid import uuid4

from accounts.models import User
from billing import discounts
from billing.models import CodeAttempt, Order, Redemption
from plans.models import Plan
from portal.lib.money import Money
from tests import make
from tests.fakes.crowd import slowed
from tests.faults.figures.posting import Post, post_all
from tests.faults.figures.scenery import PRICE, make_line, make_person
from tests.faults.figures.stage import Stage
from tests.faults.figures.visitors import Subscriber
from tests.servers import Server

BOUGHT, REFUSED = 302, 422
CODE = "AUTUMN10"
SESSIONS, A_FEW = 10, 7


def measure(stage: Stage) -> None:
    crowd, report = stage.sized(100, quick=40), stage.report
    for name, buyers, limits, uses in (
        ("coupon_for_one", crowd, {"code_uses": 1}, 1),
        ("coupon_for_a_few", crowd, {"max_uses": A_FEW}, A_FEW),
        ("coupon_a_person", SESSIONS, {"max_per_user": 1}, 1),
    ):
        with stage.scene(name):
            statuses = redeem_at_once(stage.portal, buyers, is_one_person=buyers == SESSIONS, **limits)
            report.gate(f"{name}_orders", Order.objects.count(), "orders", exactly=uses)
            report.gate(f"{name}_redemptions", Redemption.objects.live().count(), "redemptions", exactly=uses)
            report.gate(f"{name}_refusals", statuses.count(REFUSED), "refusals", exactly=buyers - uses)
    with stage.scene("guesses"):
        guess_at_once(stage.portal, people=stage.sized(50, quick=20), tries=stage.sized(20, quick=5))
        report.at_most("guesses_looked_up", CodeAttempt.objects.count(), "codes", most=20)
    with stage.control():
        redeem_at_once(stage.unguarded_portal, crowd, is_one_person=False, code_uses=1)
        report.control("coupon_for_one_redemptions", Redemption.objects.count(), "redemptions", more_than=1)


def redeem_at_once(server: Server, buyers: int, *, is_one_person: bool, **limits: int) -> list[int]:
    """Let everybody see a price of nothing on the check page, and send the form at the same moment."""
    make.make_coupon(code=CODE, percent=100, **limits)
    plan = make.make_plan(prices={"USD": PRICE})
    people = [make_person()] * buyers if is_one_person else [make_person() for _number in range(buyers)]
    posts = _forms(server, people, plan)
    with slowed("billing_order", "INSERT", seconds=0.02):
        return [answer.status for answer in post_all(server.port, posts, at_once=buyers)]


def _forms(server: Server, people: Sequence[User], plan: Plan) -> list[Post]:
    posts = []
    for person in people:
        subscriber, path = (
            Subscriber(person, server),
            f"/lines/{make_line(person).public_id}/renew/?plan={plan.public_id}",
        )
        seen = discounts.quote(user=person, plan=plan, price=Money(PRICE, "USD"), code=CODE, now=make.NOW)
        agreed = {"coupon": CODE, "coupon_seen": CODE, "price_seen": seen.token, "form_key": str(uuid4())}
        posts.append(subscriber.sending(path, {**subscriber.form(path, having="form_key"), **agreed}))
    return posts


def guess_at_once(server: Server, *, people: int, tries: int) -> None:
    """Let new accounts, all from one address, type codes that are none."""
    make.make_coupon(code=CODE)
    plan = make.make_plan(prices={"USD": PRICE})
    posts = []
    for _number in range(people):
        subscriber, path = Subscriber(make_person(), server), f"/plans/{plan.public_id}/buy/"
        form = {**subscriber.form(path, having="form_key"), "apply_coupon": "1"}
        posts += [subscriber.sending(path, {**form, "coupon": f"GUESS-{number}"}) for number in range(tries)]
    post_all(server.port, posts, at_once=people)
