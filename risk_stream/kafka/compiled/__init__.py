"""Compiled code for Kafka's own formats."""
