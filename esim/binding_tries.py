"""How often somebody may try a card's PIN, counted in the database.

Wrong numbers count like wrong PINs, under a keyed hash of what was typed: the limit tells nothing about which cards
exist. A try that is turned away is not counted, so that nobody keeps a card shut for longer than an hour by trying.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from esim.models import BindingAttempt
from portal.lib.crypto import lookup_hash
from portal.lib.turns import take_turns

PER_CARD, CARD_WINDOW = 5, timedelta(hours=1)
PER_USER, USER_WINDOW = 20, timedelta(days=1)
KEPT = timedelta(days=30)


class TooManyTries(Exception):
    """One sentence for either limit."""

    sentence = _("Too many tries. Nothing was changed. Try again in an hour, or tomorrow, or ask support.")


@transaction.atomic
def count_try(*, user: User, iccid: str, now: datetime) -> BindingAttempt:
    """Count a try and return it, or raise TooManyTries; of many at once no more get through than are allowed."""
    card = lookup_hash(iccid, purpose="binding a card")
    take_turns(f"binding:card:{card}", f"binding:user:{user.pk}")
    of_card = BindingAttempt.objects.filter(card=card, at__gt=now - CARD_WINDOW).count()
    of_user = BindingAttempt.objects.filter(user=user, at__gt=now - USER_WINDOW).count()
    if of_card >= PER_CARD or of_user >= PER_USER:
        raise TooManyTries
    BindingAttempt.objects.filter(user=user, at__lt=now - KEPT).delete()
    return BindingAttempt.objects.create(user=user, card=card, at=now)
