"""What the style page cannot write as literals: charts, steps of a timeline, a form, a page of many."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.utils.translation import get_language

from portal.lib.charts import Chart, usage_chart
from portal.lib.data_size import GB, MB

ICONS = (
    "lines sim globe card help user plus renew refresh download qr copy check check-circle close alert error info "
    "clock chevron back wallet phone message search shield key moon sun language sign-out history mail device data "
    "calendar receipt gift pin external trash edit pause play settings bell document mark"
)
TODAY = date(2026, 11, 21)


@dataclass(frozen=True, slots=True)
class Step:
    state: str
    title: str
    text: str = ""
    at: str = ""


class SampleForm(forms.Form):
    """Every kind of field, bound to bad input so that its errors show."""

    nickname = forms.CharField(help_text="Only you see it.", max_length=40)
    email = forms.EmailField(label="Email address")
    country = forms.ChoiceField(choices=[("tw", "Taiwan"), ("jp", "Japan"), ("de", "Germany")])
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    channel = forms.ChoiceField(
        choices=[("email", "Email"), ("sms", "SMS")],
        widget=forms.RadioSelect,
        help_text="Security notices come anyway.",
    )
    document = forms.FileField(required=False)
    agree = forms.BooleanField(label="I agree that the plan starts today")

    def clean(self) -> dict[str, Any]:
        self.add_error(None, "The plan was not changed. Correct the two fields marked below.")
        return self.cleaned_data


def style_samples() -> dict[str, Any]:
    """Return the context of `portal/style.html`."""
    return {
        "sample_month": _chart([(137 * n * n * 11) % 1900 * MB for n in range(1, 31)], cap_bytes=None),
        "sample_capped": _chart([n * 700 % 3300 * MB for n in range(1, 15)], cap_bytes=2 * GB),
        "sample_week_of_nothing": _chart([0] * 7, cap_bytes=None),
        "sample_huge": _chart([1_280 * GB, 3 * GB, 940 * GB], cap_bytes=None),
        "sample_steps": [
            Step("done", "Paid", "US$14.90 with Visa 4242", "21 Nov 2026, 14:05"),
            Step("done", "Profile ordered", at="21 Nov 2026, 14:05"),
            Step("current", "Waiting for the phone to install it", "This takes about two minutes on Wi-Fi."),
            Step("waiting", "Connected to the network"),
        ],
        "sample_failed_steps": [
            Step("done", "Paid", at="21 Nov 2026, 14:05"),
            Step("failed", "The network refused the profile", "We try again at 14:20. Nothing more is charged."),
        ],
        "sample_steps_ahead": [
            Step("attention", "The data runs out", "If you go on using it so.", "4 Dec 2026 · in 13 days"),
            Step("ahead", "US$14.90 is charged", "Paid from: Visa 4242.", "10 Dec 2026, 10:00 · in 19 days"),
        ],
        "sample_form": SampleForm(),
        "sample_bound_form": SampleForm({"nickname": "", "email": "ada@", "country": "jp", "channel": "sms"}),
        "sample_icons": ICONS.split(),
        "page_obj": Paginator(range(200), 20).page(3),
    }


def _chart(used: list[int], *, cap_bytes: int | None) -> Chart:
    days = [(TODAY - timedelta(days=len(used) - 1 - n), amount) for n, amount in enumerate(used)]
    return usage_chart(days, today=TODAY, cap_bytes=cap_bytes, locale=get_language() or "en")
