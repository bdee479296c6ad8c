"""How each benchmark begins: quiet clients, and a request to end that leaves no broker behind."""

import logging
import signal
import sys

ENDED = 143


def begin() -> None:
    """Call first in main()."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics come and go, on purpose
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
