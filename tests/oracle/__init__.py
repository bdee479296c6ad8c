"""An independent judge of the logs: reads the topics of a broker and recomputes every answer from the contract alone.

Nothing here imports the package under test; the two share a written contract and no line of code.
"""
