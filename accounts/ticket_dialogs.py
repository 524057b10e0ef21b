"""What staff fill in to answer a ticket, to give it to somebody, and to leave a note."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts import ticket_desk, tickets
from accounts.http import client_ip
from accounts.models import ReplyTemplate, Ticket, User
from accounts.models.tickets import MESSAGE_LENGTH
from accounts.staff_dialogs import dialog


class MessageForm(BaseDialogForm):  # type: ignore[misc]
    """Something written; sent twice, it is one message."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def key_for(self, what: str, user: User) -> str:
        return f"{what}:{user.public_id}:{self.cleaned_data['form_key']}"

    def written(self) -> str:
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


class AnswerForm(MessageForm):
    """What the subscriber gets by e-mail. A reply template fills the answer in first, to be read before it is sent."""

    template = forms.ModelChoiceField(
        label=_("Reply template"),
        queryset=ReplyTemplate.objects.filter(is_active=True),
        required=False,
        help_text=_("Leave the answer empty to have it filled in, in the language of the subscriber."),
        widget=UnfoldAdminSelectWidget,
    )
    text = forms.CharField(
        label=_("Answer"),
        max_length=MESSAGE_LENGTH,
        required=False,
        help_text=_("Plain text, in the language of the request. It is sent to the subscriber."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10}),
    )

    field_order = ("template", "text")

    def clean(self) -> dict[str, Any]:
        """Without words there is nothing to send: those of the template are shown, or words are asked for."""
        cleaned: dict[str, Any] = super().clean() or {}
        template = cleaned.get("template")
        if "text" in self.errors or cleaned.get("text"):
            return cleaned
        if template is None:
            self.add_error("text", _("Write an answer, or choose a reply template."))
            return cleaned
        ticket = get_object_or_404(Ticket.objects.select_related("owner"), pk=self.object_id)
        # What is shown again is what came in.
        self.data: Any = {**self.request.POST.dict(), "text": ticket_desk.reply_from(template, ticket=ticket)}
        self.add_error("text", _("This is the reply. Read it, change what needs changing, then send it."))
        return cleaned


class NoteForm(MessageForm):
    text = forms.CharField(
        label=_("Internal note"),
        max_length=MESSAGE_LENGTH,
        help_text=_("Only staff read it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )


class AssignForm(BaseDialogForm):  # type: ignore[misc]
    to = forms.ModelChoiceField(
        label=_("Assigned to"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("nobody in particular"),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        field = self.fields["to"]
        field.queryset, field.initial = ticket_desk.colleagues(), request.user.pk


class DeskActions:
    """The deeds of staff on the page of a ticket."""

    message_user: Any

    @dialog(
        _("Answer"),
        permission="answer",
        path="answer",
        icon="reply",
        title=_("Answer this request"),
        form=AnswerForm,
        submit=_("Send the answer"),
    )
    def answer(self, request: HttpRequest, form: AnswerForm, object_id: str) -> HttpResponse:
        ticket = get_object_or_404(Ticket, pk=object_id)
        if isinstance(request.user, User):
            tickets.reply(
                ticket=ticket,
                text=form.written(),
                key=form.key_for("answer", request.user),
                staff=request.user,
                now=timezone.now(),
                ip=client_ip(request),
            )
            ticket_desk.take_if_free(ticket=ticket, by=request.user)
            self.message_user(request, gettext("The answer is on its way to the subscriber."), messages.SUCCESS)
        return HttpResponseClientRefresh()

    @dialog(
        _("Add a note"),
        permission="answer",
        path="note",
        icon="sticky_note_2",
        title=_("A note for other staff"),
        form=NoteForm,
        submit=_("Keep the note"),
    )
    def add_note(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        ticket = get_object_or_404(Ticket, pk=object_id)
        if isinstance(request.user, User):
            key = form.key_for("note", request.user)
            ticket_desk.note(ticket=ticket, staff=request.user, text=form.written(), key=key, now=timezone.now())
            self.message_user(request, gettext("The note is kept. Only staff read it."), messages.SUCCESS)
        return HttpResponseClientRefresh()

    @dialog(
        _("Assign"),
        permission="answer",
        path="assign",
        icon="person_add",
        title=_("Whose ticket is it?"),
        form=AssignForm,
    )
    def assign(self, request: HttpRequest, form: AssignForm, object_id: str) -> HttpResponse:
        ticket_desk.assign(ticket=get_object_or_404(Ticket, pk=object_id), to=form.cleaned_data["to"])
        return HttpResponseClientRefresh()

    @dialog(
        _("Close the request"),
        permission="close",
        path="close",
        icon="check",
        title=_("Close this request?"),
        description=_("Nothing is sent. The subscriber can open it again by writing."),
        submit=_("Close"),
    )
    def close_ticket(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        staff = request.user if isinstance(request.user, User) else None
        ticket = get_object_or_404(Ticket, pk=object_id)
        if tickets.close(ticket=ticket, now=timezone.now(), staff=staff, ip=client_ip(request)):
            self.message_user(request, gettext("The request is closed."), messages.SUCCESS)
        return HttpResponseClientRefresh()
