"""risk_stream: pre-trade risk decisions over Kafka, every one of them final and reproducible from the log."""

__version__ = "0.1.0"
