"""What is remembered of each portfolio: columns for the compiled loops, and the rows they are saved as."""
