"""The peers: the same job (JOB.md), each written as its own documentation recommends. None imports risk_stream."""
