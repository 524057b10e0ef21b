"""What `make faults` measures: the portal, PostgreSQL and Redis against a Stripe that fails in every way it can.

Each module is one promise: `measure(stage)` provokes the fault on a large scale and reports what came of it, then does
the same with the protection taken away. A control that does not go wrong means that the fault was never provoked.
"""
