"""What staff write down when they decide something."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def words(label: "_StrPromise", *, help_text: "_StrPromise | str" = "", max_length: int = 300) -> forms.CharField:
    """Return a field for a sentence that goes on record; `max_length` is that of its column."""
    return forms.CharField(label=label, max_length=max_length, help_text=help_text, widget=UnfoldAdminTextareaWidget)


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = words(_("Reason"), help_text=_("The subscriber can read it."), max_length=200)


class WhyForm(BaseDialogForm):  # type: ignore[misc]
    why = words(_("Why"), max_length=100)
