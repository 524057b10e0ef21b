"""An SM-DP+ over HTTPS that lets in who shows a certificate of its authority."""

import ssl

from tests.fakes.faulty_server import FaultyServer
from tests.fakes.smdp.functions import Es2Plus
from tests.fakes.smdp.profiles import SmDp

REQUESTER = "1.3.6.1.4.1.99999.1"
PROFILE_TYPE = "P_CONSUMER_DATA"
FIRST_ICCID = 8988247000000000010


class SmDpServer(FaultyServer):
    """`smdp` is what it holds, `es2plus.complaints` what it was asked against the schema."""

    def __init__(self, certificates):
        self.smdp = SmDp()
        self.es2plus = Es2Plus(self.smdp, requester=REQUESTER)
        super().__init__(self.es2plus, tls=_context(certificates) if certificates else None)

    def stock(self, count):
        """Fill it with so many profiles and return their ICCIDs, of 19 digits."""
        iccids = [str(FIRST_ICCID + number) for number in range(count)]
        self.smdp.stock(*iccids, profile_type=PROFILE_TYPE, owner=REQUESTER)
        return iccids


def _context(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates.server.cert, certificates.server.key)
    context.load_verify_locations(certificates.clients)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
