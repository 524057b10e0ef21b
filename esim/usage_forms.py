"""What a subscriber says about the usage of a line."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.ticket_forms import ReplyForm
from esim.budgets import BudgetState, Spent
from esim.usage_history import Measure
from portal.lib.data_size import GB

LEAST_GB, MOST_GB = Decimal("0.01"), Decimal(10_000)


def _in_gb(spent: Spent | None) -> str:
    """Write a budget as it is typed: without an exponent, and without zeros that nobody typed."""
    return "" if spent is None else f"{(Decimal(spent.limit_bytes) / GB).quantize(LEAST_GB).normalize():f}"


class RecordsForm(forms.Form):
    """Which records are shown; what is left empty narrows nothing."""

    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    what = forms.ChoiceField(label=_("Of what"), required=False, choices=[("", _("Everything")), *Measure.choices])

    def clean(self) -> dict[str, Any]:
        wishes = super().clean() or {}
        since, until = wishes.get("since"), wishes.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day lies before the first one."))
        return wishes

    @property
    def choice(self) -> dict[str, Any]:
        """What was chosen and makes sense."""
        wishes = getattr(self, "cleaned_data", {})
        what = wishes.get("what")
        return {
            "since": wishes.get("since"),
            "until": wishes.get("until"),
            "measure": Measure(what) if what else None,
        }


class BudgetForm(forms.Form):
    """How much data somebody means to use, in GB; empty is no budget."""

    daily = forms.DecimalField(
        label=_("A day, in GB"), required=False, min_value=LEAST_GB, max_value=MOST_GB, max_digits=7, decimal_places=2
    )
    monthly = forms.DecimalField(
        label=_("A month, in GB"), required=False, min_value=LEAST_GB, max_value=MOST_GB, max_digits=7, decimal_places=2
    )

    def __init__(self, data: Any = None, *, standing: BudgetState) -> None:
        super().__init__(data, initial={"daily": _in_gb(standing.daily), "monthly": _in_gb(standing.monthly)})

    def bytes_of(self, name: str) -> int | None:
        """Return what was typed, in bytes."""
        amount: Decimal | None = self.cleaned_data[name]
        return None if amount is None else int(amount * GB)


class LooksWrongForm(ReplyForm):
    """What somebody expected to see; the figures shown go along by themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("What did you expect to see?")
