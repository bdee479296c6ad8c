"""The naive model: an independent second reading of the contract, against which the engine's answers are checked.

It imports the standard library and nothing else of this package, keeps plain lists and dictionaries, counts by looking,
and uses doubles only where the contract says double. It is slow on purpose; what it must be is easy to believe.
"""

from risk_stream.audit.naive.model import NaiveModel

__all__ = ["NaiveModel"]
