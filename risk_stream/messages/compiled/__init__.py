"""The hot path of the codec in machine code: orders to columns, decisions and violations to JSON."""
