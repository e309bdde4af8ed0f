"""What a process that works in large batches does about Python's garbage collector."""

import gc

THRESHOLDS = (50_000, 20, 50)
"""Objects between two collections, and how many of the younger ones go before an older one."""

_settled = False


def settle() -> None:
    """Leave what is loaded by now out of every later collection, and collect less often; does so once in a process.

    A page of records makes tens of thousands of objects and hardly a cycle. Looking through all modules, models and
    pages again and again while it is worked on cost more processor time than reading and checking the records.
    """
    global _settled
    if not _settled:
        _settled = True
        gc.collect()
        gc.freeze()
        gc.set_threshold(*THRESHOLDS)
