"""What there is too much of for every run: each day another fifth of it, and all of it when asked to."""

from dataclasses import dataclass
from zlib import crc32

PARTS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One of so many equal parts of whatever is to be tried."""

    number: int = 1
    parts: int = PARTS

    def __str__(self):
        return "all" if self.parts == 1 else f"sample {self.number} of {self.parts}"

    def of(self, things, *, turn=0):
        """Return this part of a sequence; with another turn another part, so that together they miss less."""
        return things[(self.number - 1 + turn) % self.parts :: self.parts]


def add_option(parser, *, today):
    # Chosen here once, not by each process of a run: it is part of the names of tests.
    parser.addoption(
        "--sample",
        default=str(1 + today.toordinal() % PARTS),
        help=f"what to try where a run tries a part: 1 to {PARTS}, else the day's; or all",
    )


def holds(request):
    """Tell whether a test is one of those that this run tries; which they are hangs on their names."""
    asked = request.config.getoption("sample")
    return asked == "all" or crc32(request.node.nodeid.encode()) % PARTS == int(asked) - 1


def generate(metafunc):
    """Give a test that wants a `sample` the one that this run tries."""
    if "sample" in metafunc.fixturenames:
        asked = metafunc.config.getoption("sample")
        sample = Sample(parts=1) if asked == "all" else Sample(number=int(asked))
        metafunc.parametrize("sample", [sample], ids=str)
