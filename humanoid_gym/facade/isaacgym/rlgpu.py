"""Empty: programs import this name and use nothing of it."""
