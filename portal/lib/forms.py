"""Forms over a row that others write to at the same time."""

from typing import TypeVar

from django import forms
from django.db.models import Model

Row = TypeVar("Row", bound=Model)


class ChangedFieldsForm(forms.ModelForm[Row]):
    """Writes what was changed in the form and nothing else.

    Django writes the whole row as it was read, and so undoes what a worker or a colleague did to it meanwhile.
    """

    def save(self, commit: bool = True) -> Row:  # noqa: FBT001, FBT002 - Django's signature
        row = super().save(commit=False)
        if commit:
            row.save(update_fields=self.changed_data)
        return row
