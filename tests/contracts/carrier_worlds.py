"""The networks under contract, and what can be done to each from outside."""

from dataclasses import replace
from datetime import timedelta

from esim.carriers.base import ProfileAsk
from esim.carriers.esimgo import EsimGoCarrier
from esim.carriers.esimgo_settings import EsimGoSettings
from esim.carriers.simulated import SimulatedCarrier
from esim.identifiers import make_matching_id
from esim.models import CarrierProduct, DownloadState, SimProfile
from plans.terms import PlanTerms
from tests import make
from tests.esim.es2plus import ask_for, carrier_for
from tests.fakes.esimgo.server import API_KEY, EsimGoServer
from tests.fakes.operator_network import TOKEN, OperatorNetworkServer
from tests.fakes.smdp.profiles import UNAVAILABLE
from tests.fakes.smdp.server import SmDpServer

LATER = timedelta(minutes=5)


class World:
    """What every network offers to a test; `secrets` must be found in no log, message or repr.

    One that is reached over HTTP also has `lose`: the next call of this name is done and its answer gets lost; and
    `fail`: the next one meets a fault of tests/fakes/faulty_server.py.
    """

    def __init__(self, *, subscriber, now):
        self.subscriber = subscriber
        self.now = now
        self.plan = make.make_plan()
        self.secrets = []

    def order(self, key):
        """Order a profile as the portal does, and keep it as the current one of a line."""
        ordered = self.carrier.order_profile(self.ask(key))
        self.secrets += [ordered.activation_code, ordered.activation_code.split("$")[2]]
        if not SimProfile.objects.filter(iccid=ordered.iccid).exists():
            line = make.make_line(owner=self.subscriber, carrier=self.carrier.name, opened_for=key)
            profile = make.make_profile(line=line, iccid=ordered.iccid, download_state=DownloadState.RELEASED)
            profile.activation_code = ordered.activation_code
            profile.save()
        return ordered

    def ask(self, key):
        return ProfileAsk(key=key, plan_code=self.plan.code)

    def grant(self, key, iccid):
        terms, ends_at = PlanTerms.of(self.plan), self.now + timedelta(days=30)
        self.carrier.grant(key=key, iccid=iccid, terms=terms, starts_at=self.now, ends_at=ends_at)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        """Nothing to stop."""

    def wait(self):
        """Let the time pass after which an order that was not found may be placed again."""
        self.now += LATER


class SimulatedWorld(World):
    def __init__(self, **about):
        super().__init__(**about)
        self.carrier = SimulatedCarrier()

    def delete_from_device(self, iccid):
        """Nobody is told of it."""


class EsimGoWorld(World):
    CALLS = {
        "order_profile": "POST /v2.5/orders",
        "grant": "POST /v2.5/orders",
        "suspend": "/suspend",
        "resume": "/suspend",
        "revoke": "/assignments/",
        "terminate": "DELETE /v2.5/esims/",
    }

    def __init__(self, **about):
        super().__init__(**about)
        self.fake = EsimGoServer(clock=lambda: self.now).__enter__()
        self.secrets.append(API_KEY)
        self.carrier = self._patient(30)
        CarrierProduct.objects.create(carrier=self.carrier.name, plan=self.plan, code="esim_10GB_30D_EU_V2")

    def __exit__(self, *_error):
        self.fake.__exit__()

    def lose(self, call):
        self.fake.fail(self.CALLS[call], "drop_after")

    def fail(self, call, kind):
        self.fake.fail(self.CALLS[call], *([kind] * 3 if kind == "429" else [kind]))
        if kind == "slow":
            self.carrier = self._patient(0.2)

    def wait(self):
        super().wait()
        self.carrier = self._patient(30)

    def _patient(self, seconds):
        return EsimGoCarrier(self.settings(read_timeout=seconds), clock=lambda: self.now)

    def settings(self, **about):
        about = {"requests_per_second": 1000, "looks_per_second": 1000, **about}
        return EsimGoSettings(**{"api_key": API_KEY, "api_base": self.fake.base, **about})

    def refuse_orders(self):
        self.fake.organisation.balance = 0

    @property
    def profiles(self):
        return len(self.fake.organisation.esims)

    def granted(self, iccid):
        return sum(one.state != "revoked" for one in self.fake.organisation.esims[iccid].assignments)

    def is_suspended(self, iccid):
        return self.fake.organisation.esims[iccid].state == "Suspended"

    def is_ended(self, iccid):
        return iccid in self.fake.organisation.deleted

    def use(self, iccid, amount):
        self.fake.organisation.install(iccid)
        self.fake.organisation.use(iccid, amount)

    def delete_from_device(self, iccid):
        self.fake.organisation.install(iccid)
        self.fake.organisation.delete_from_device(iccid)


class Es2PlusWorld(World):
    """An SM-DP+ whose profiles are ordered by ICCID, and an operator's network behind it."""

    PATHS = {"order_profile": "confirmOrder"}

    def __init__(self, *, certificates, **about):
        super().__init__(**about)
        self.smdp = SmDpServer(certificates).__enter__()
        self.network = OperatorNetworkServer().__enter__()
        self.certificates = certificates
        self.stock = iter(self.smdp.stock(5))
        self.network.known = set(self.smdp.smdp.profiles)
        self.asks = {}
        self.secrets.append(TOKEN)
        self.carrier = self._patient(30)

    def __exit__(self, *_error):
        self.smdp.__exit__()
        self.network.__exit__()
        assert self.smdp.es2plus.complaints == []

    def ask(self, key):
        """Ask as `profile_orders` does: with all that was written down at the first time."""
        if key in self.asks:
            self.asks[key] = replace(self.asks[key], is_first=False)
        else:
            self.asks[key] = ask_for(next(self.stock), key=key, matching_id=make_matching_id())
        return self.asks[key]

    def lose(self, call):
        self.fail(call, "drop_after")

    def fail(self, call, kind):
        server = self.smdp if call in self.PATHS else self.network
        server.fail(self.PATHS.get(call, f"/{call}"), kind)
        if kind == "slow":
            self.carrier = self._patient(0.3)

    def wait(self):
        super().wait()
        self.carrier = self._patient(30)

    def _patient(self, seconds):
        return carrier_for(self.smdp, self.certificates, self.network, read_timeout=seconds)

    def refuse_orders(self):
        for profile in self.smdp.smdp.profiles.values():
            profile.owner = "2.999"

    @property
    def profiles(self):
        return len(self.smdp.smdp.taken())

    def granted(self, iccid):
        return sum(given[0] == iccid for given in self.network.grants.values())

    def is_suspended(self, iccid):
        return iccid in self.network.suspended

    def is_ended(self, iccid):
        return iccid in self.network.terminated and self.smdp.smdp.profiles[iccid].state == UNAVAILABLE

    def use(self, iccid, _amount):
        self.network.used.add(iccid)

    def delete_from_device(self, iccid):
        """Nobody is told of it."""


REMOTE = ["es2plus", "esimgo"]
ALL = ["simulated", *REMOTE]


def enter(name, *, request, **about):
    """Return the world of this name, to be entered."""
    if name == "es2plus":
        return Es2PlusWorld(certificates=request.getfixturevalue("certificates"), **about)
    return {"simulated": SimulatedWorld, "esimgo": EsimGoWorld}[name](**about)
