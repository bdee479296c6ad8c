"""The embedded broker: a real Kafka, one node, on loopback, from two packages and no system software."""
