"""The job in Kafka Streams (Java)."""
