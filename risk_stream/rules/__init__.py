"""One file a limit kind, the catalogue that lists them, and the plan: limits compiled for the loop."""
