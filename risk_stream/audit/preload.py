"""What every worker process of an audit needs; loaded once, in the process that they are forked from (pool.py)."""

from contextlib import suppress

# What fails here fails again in the worker that needs it, and is told from there.
with suppress(Exception, KeyboardInterrupt):
    import risk_stream.audit.replay
    import risk_stream.audit.tally  # noqa: F401
