"""What strangers write, seen by staff in a real browser: nothing of it runs, on any page that shows it."""

import pytest

from accounts.article_opinions import opine
from accounts.models import ReplyTemplate, Ticket
from accounts.ticket_desk import note
from accounts.tickets import open_ticket, reply
from billing.models import Order
from portal.lib.markdown import render_markdown
from tests import make
from tests.journeys.steps import enter

pytestmark = pytest.mark.browser

RUN = "window.__ran=(window.__ran||0)+1"
TAGS = [
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<body onload={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN[7:]}</script>'></iframe>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<object data='javascript:{RUN}'></object>",
    f"<embed src='javascript:{RUN}'>",
    f"<a href='javascript:{RUN}' id=x tabindex=1 autofocus onfocus={RUN}>x</a>",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"<style>@keyframes x{{}}</style><b style='animation-name:x' onanimationstart={RUN}></b>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<link rel=stylesheet href='javascript:{RUN}'>",
    f"<base href='javascript:{RUN}//'>",
    f"<template><script>{RUN}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<div x-data x-init='{RUN}'></div>",
    f"<div x-html='`<img src=x onerror={RUN}>`'></div>",
    f"<div hx-get=/ hx-trigger=load hx-on::load='{RUN}'></div>",
    f"<b hx-on:click='{RUN}' data-hx-on:load='{RUN}'>x</b>",
    f"<script type=module>{RUN}</script>",
    f"<script src='data:text/javascript,{RUN}'></script>",
    f"<ScRiPt>{RUN}</sCrIpT>",
    f"<<script>script>{RUN}//<</script>",
    f"\u003cscript\u003e{RUN}\u003c/script\u003e",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"%3Cscript%3E{RUN}%3C/script%3E",
]
BREAKS = ["", "'>", '">', "</textarea>", "</title>", "</script>", "-->", "{{constructor.constructor('" + RUN + "')()}}"]
PAYLOADS = [f"{BREAKS[(number + number // len(TAGS)) % len(BREAKS)]}{tag}" for number, tag in enumerate(TAGS * 7)]
"""Each way to run something behind seven ways to break out of where it stands: 224, and each long field has them all."""

ALL = len(PAYLOADS)


class Payloads:
    """Hands them out in turn, so that none is left out."""

    def __init__(self):
        self.given = 0

    def take(self, count, *, between="\n"):
        taken = [PAYLOADS[(self.given + number) % len(PAYLOADS)] for number in range(count)]
        self.given += count
        return between.join(taken)


@pytest.fixture
def written(db, subscriber, staff, now):
    """Every field that people fill in and staff read, full of them."""
    payloads = Payloads()
    subscriber.full_name = payloads.take(1)[:100]
    subscriber.save()
    line = make.make_line(owner=subscriber, nickname=payloads.take(1)[:40])
    order = make.make_order(owner=subscriber, line=line)
    Order.objects.filter(pk=order.pk).update(nickname=payloads.take(1)[:40], note=payloads.take(1)[:200])
    ticket = open_ticket(
        user=subscriber,
        key="hostile",
        kind=Ticket.Kind.SERVICE,
        context={},
        about=[line.public_id, order.public_id, payloads.take(1)],
        references={"note": payloads.take(4), payloads.take(1): "x", "charges": []},
        text=payloads.take(ALL),
        now=now,
    )
    reply(ticket=ticket, text=payloads.take(ALL), key="mine", now=now)
    reply(ticket=ticket, text=payloads.take(ALL), key="theirs", staff=staff, now=now)
    note(ticket=ticket, staff=staff, text=payloads.take(ALL), key="note", now=now)
    document = make.make_document(owner=subscriber, purpose="ticket", about=ticket.messages.first().public_id)
    document.name = payloads.take(1)
    document.save()
    body = payloads.take(ALL, between="\n\n")
    article = make.make_article(title=payloads.take(1)[:120], keywords=payloads.take(8), body=body)
    for number in range(6):
        words = payloads.take(40)
        opine(article=article, voter=f"v{number}", is_useful=False, words=words, language="en", now=now)
    ReplyTemplate.objects.create(name=payloads.take(1)[:80], text=payloads.take(ALL))
    assert RUN in str(render_markdown(body)), "it is shown, as words"
    return ticket, article, line


def test_nothing_that_was_written_runs(page, at_sandbox, staff, subscriber, written):
    ticket, article, line = written
    desk = f"{at_sandbox}/admin"
    for_staff = [
        f"{desk}/",
        *(f"{desk}/accounts/{name}/" for name in ("ticket", "article", "articlefeedback", "replytemplate", "user")),
        *(f"{desk}/accounts/{name}/" for name in ("document", "notification", "auditevent")),
        f"{desk}/accounts/ticket/{ticket.pk}/change/",
        f"{desk}/accounts/article/{article.pk}/change/",
        f"{desk}/accounts/article/{article.pk}/history/",
        f"{desk}/accounts/articlefeedback/{article.feedback.first().pk}/change/",
        f"{desk}/accounts/replytemplate/{ReplyTemplate.objects.get().pk}/change/",
        f"{desk}/accounts/user/{subscriber.pk}/change/",
        f"{desk}/esim/line/{line.pk}/change/",
        f"{at_sandbox}/help/{article.slug}/",
    ]
    for_subscriber = [
        f"{at_sandbox}/help/",
        f"{at_sandbox}/help/?q={'<img src=x onerror=' + RUN + '>'}",
        f"{at_sandbox}/help/{article.slug}/",
        f"{at_sandbox}/help/tickets/",
        f"{at_sandbox}/help/tickets/{ticket.public_id}/",
        f"{at_sandbox}/help/tickets/new/?from=help&q={RUN}</textarea><script>{RUN}</script>",
    ]
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    ran = {}
    for who, addresses in ((staff, for_staff), (subscriber, for_subscriber)):
        page.context.clear_cookies()
        enter(page, at_sandbox, who)
        for address in addresses:
            answer = page.goto(address)
            assert answer.status == 200, address
            page.mouse.move(200, 300)
            if page.evaluate("window.__ran"):
                ran[address] = page.evaluate("window.__ran")

    assert ran == {}
    assert dialogs == []


def test_the_control_runs(page, at_sandbox):
    """Of the same texts, put into a page as they are, several run: the mark is worth looking for."""
    unwatched = page.context.new_page()
    unwatched.set_content(f"<html><body>{''.join(TAGS)}</body></html>")

    unwatched.wait_for_function("window.__ran > 3")
