"""A loopback AWS endpoint whose databases are real servers."""
