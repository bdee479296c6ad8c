"""Importing this compiles the decision core if nobody has yet: for a process from which others are forked."""

from contextlib import suppress

from risk_stream.ops.compiling import compile_once

# What fails here fails again where it is needed, and is told from there.
with suppress(Exception, KeyboardInterrupt):
    compile_once()
