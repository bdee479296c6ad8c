"""The fault harness: a real broker, real worker processes, load, and one fault after the other; the oracle judges."""
