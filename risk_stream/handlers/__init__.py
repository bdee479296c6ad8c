"""What is done with published violations: handlers, each a plug-in, in a process that no decision waits for."""
