"""The portal's server, for controls: see `unguarded`."""

from portal.wsgi import application
from tests.faults.figures.unguarded import remove_guards

__all__ = ["application"]

remove_guards()
