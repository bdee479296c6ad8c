"""The demo: a market made up or remembered, traded through the real broker and worker, and checked to the last payload.

scenario -> rounds (messages) -> play (send, watch) -> verify (naive model over the topics) -> summary
"""
