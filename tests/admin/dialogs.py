"""What staff do on the dialogs of a row, and colleagues who may do only so much."""

from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages

from tests import make


def dialog(client, row, action, **form):
    """Send the form of a dialog, as its page does."""
    meta = row._meta
    address = f"/admin/{meta.app_label}/{meta.model_name}/{row.pk}/{action}/"
    return client.post(address, {"_form_submitted": "on", **form}, headers={"hx-request": "true"})


def told(answer):
    """Return what the next page says of a form that was sent."""
    return [str(message) for message in get_messages(answer.wsgi_request)]


def helper(*codenames):
    """Return a member of staff with these permissions and no others."""
    person = make.make_user(is_staff=True)
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return person
