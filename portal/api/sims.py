"""What identifies the SIM of a line and sets a device up. Codes, PIN and PUK are for the pages."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from accounts.api_tokens import LINES_READ
from esim import carriers
from esim.models import Line, SimProfile
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.shapes import Shape, problems

router = Router(tags=["lines"], by_alias=True, auth=Needs(LINES_READ))


class SimShape(Shape):
    """The SIM that is in use, or waits to be installed; without an ICCID the network is preparing it."""

    form: str
    iccid: str | None
    eid: Annotated[str | None, Field(description="Of the device an eSIM was installed on, where the network tells.")]
    download_state: Annotated[str | None, Field(description="How far the installation of an eSIM is.")]
    state_changed_at: datetime | None
    apn: Annotated[str | None, Field(description="null: the device finds it by itself.")]

    @classmethod
    def of(cls, line: Line) -> "SimShape":
        profile = SimProfile.objects.filter(line=line).current().first()
        return cls(
            form=line.form,
            iccid=profile.iccid if profile else None,
            eid=(profile.eid or None) if profile else None,
            download_state=profile.download_state if profile else None,
            state_changed_at=profile.state_changed_at if profile else None,
            apn=carriers.chosen().apn or None,
        )


@router.get("/{line_id}/sim", response={200: SimShape, **problems(404, 422)}, url_name="sim")
def get_sim(request: ApiRequest, line_id: str) -> Any:
    """Return what identifies the SIM of a line of yours, and how far its installation is."""
    return SimShape.of(own_line(request, line_id))
