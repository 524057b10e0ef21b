"""Who carries letters with SIM cards, and where their journey can be looked up. Plain links: nothing is asked there."""

from urllib.parse import quote

LOOK_UP = {
    "DHL": "https://www.dhl.com/en/express/tracking.html?AWB={}",
    "Deutsche Post": "https://www.deutschepost.de/de/s/sendungsverfolgung.html?piececode={}",
    "FedEx": "https://www.fedex.com/fedextrack/?trknbr={}",
    "Hongkong Post": "https://webapp.hongkongpost.hk/en/mail_tracking/index.html?tracknumber={}",
    "La Poste": "https://www.laposte.fr/outils/suivre-vos-envois?code={}",
    "Royal Mail": "https://www.royalmail.com/track-your-item#/tracking-results/{}",
    "SF Express": "https://www.sf-express.com/chn/en/waybill/waybill-detail/{}",
    "UPS": "https://www.ups.com/track?tracknum={}",
    "USPS": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}


def tracking_href(*, carrier: str, number: str) -> str:
    """Return the page that follows a letter; empty where the carrier has none that we know, or there is no number."""
    by_folded_name = {name.casefold(): address for name, address in LOOK_UP.items()}
    address = by_folded_name.get(carrier.strip().casefold(), "")
    return address.format(quote(number.strip(), safe="")) if number.strip() else ""
