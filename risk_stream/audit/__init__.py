"""Independent checks over recorded logs: the naive model, replay, completeness, what-if and as-of questions."""
