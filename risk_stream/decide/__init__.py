"""The one engine that turns ranges of records into final decisions and violations."""
