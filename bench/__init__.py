"""Benchmarks: each checks its answers before it prints a rate, prints every run, and compares only within one run."""
