"""What a process that serves for long asks of the garbage collector."""

import gc


def spare_the_collector() -> None:
    """Have the collector leave alone what start-up made, and look less often; called once everything is loaded.

    What was made until now stays for good. And a page or a batch makes thousands of objects: looking after every 700
    finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
