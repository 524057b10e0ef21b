"""Which addresses of e-mail a letter can be sent to."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def validate_mailable(address: str) -> None:
    """Refuse what is no address, and one whose domain no DNS name can hold (IDNA, RFC 3490); raises ValidationError.

    Django takes any letters in a domain, and fails when it addresses a letter to it.
    """
    validate_email(address)
    try:
        address.rpartition("@")[2].encode("idna")
    except UnicodeError as error:
        raise ValidationError(validate_email.message, code="invalid") from error
