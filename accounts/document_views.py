"""Handing an uploaded file back to who sent it."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import documents
from accounts.document_files import FileLost
from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import AccountLocked, is_locked
from accounts.models import Document
from portal.lib.downloads import foreign_download


@login_required
@require_safe
def open_document(request: SubscriberRequest, public_id: str) -> HttpResponse:
    document = get_object_or_404(Document.objects.owned_by(request.user), public_id=public_id)
    if is_locked(request.user):
        raise AccountLocked
    return _hand_out(request, document=document)


@after_fresh_sign_in
def _hand_out(request: SubscriberRequest, *, document: Document) -> HttpResponse:
    try:
        content = documents.opened_by_owner(document, ip=client_ip(request), now=timezone.now())
    except FileLost as lost:
        raise Http404 from lost
    return foreign_download(content, name=document.name, content_type=document.form)
