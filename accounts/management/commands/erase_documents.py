"""Erase documents whose time is over, and files that no row keeps."""

from datetime import datetime

from accounts import documents
from accounts.models import Document
from portal.lib.ticks import TickCommand


class Command(TickCommand):
    help = "Erases uploaded documents whose retention time is over: the key, then the file. The row stays."

    def tick(self, *, now: datetime, dry_run: bool) -> list[str]:
        if dry_run:
            return [f"would erase {document}" for document in Document.objects.due(now)]
        return [f"erased {documents.erase_due(now=now)} documents"]
