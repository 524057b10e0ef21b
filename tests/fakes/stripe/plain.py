"""Copies of plain data (what JSON can say)."""

import marshal


def copied(data):
    """Return a deep copy; many times faster than copy.deepcopy, which is felt in runs of thousands of calls."""
    return marshal.loads(marshal.dumps(data))  # noqa: S302 - our own bytes, made in the same breath
