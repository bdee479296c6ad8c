"""The command line: one command a file, wired together in main.py."""
