"""What somebody wants to read on their invoices."""

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from accounts.api_tokens import ACCOUNT_READ, ACCOUNT_WRITE
from billing.buyer_details import BillingDetailsForm, details_of
from billing.models import BillingDetails
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import refused_form
from portal.api.shapes import Shape, Wish, problems

router = Router(tags=["documents"], by_alias=True)


class DetailsShape(Shape):
    """Whom invoices are made out to; without a name, the name of the account."""

    name: str
    address: str
    country: str
    tax_id: str
    attach_to_mails: bool

    @classmethod
    def of(cls, details: BillingDetails) -> "DetailsShape":
        return cls(
            name=details.name,
            address=details.address,
            country=details.country,
            tax_id=details.tax_id,
            attach_to_mails=details.attach_to_mails,
        )


class DetailsWish(Wish):
    """What is to change; what is left out stays."""

    name: Annotated[str, Field(max_length=120)] = ""
    address: Annotated[str, Field(max_length=300, description="Six lines at most.")] = ""
    country: Annotated[
        str, Field(pattern=r"^([A-Z]{2})?$", description="An ISO 3166 code; it decides which tax is shown.")
    ] = ""
    tax_id: Annotated[str, Field(max_length=40)] = ""
    attach_to_mails: Annotated[bool, Field(description="Whether every payment mail brings its document.")] = False


@router.get(
    "/billing-details",
    response={200: DetailsShape, **problems(422)},
    auth=Needs(ACCOUNT_READ),
    url_name="billing_details",
)
def get_billing_details(request: ApiRequest) -> Any:
    """Return whom your invoices are made out to."""
    return DetailsShape.of(details_of(request.owner))


@router.patch("/billing-details", response={200: DetailsShape, **problems(400, 409, 422)}, auth=Needs(ACCOUNT_WRITE))
def change_billing_details(request: ApiRequest, wish: DetailsWish) -> Any:
    """Change whom invoices are made out to, from now on; those already issued stay as they are."""
    kept = details_of(request.owner, to_change=True)
    before = BillingDetailsForm(instance=kept).initial
    form = BillingDetailsForm({**before, **wish.model_dump(exclude_unset=True)}, instance=kept)
    if not form.is_valid():
        raise refused_form(form, "cannot-save")
    form.save()
    return DetailsShape.of(details_of(request.owner))
