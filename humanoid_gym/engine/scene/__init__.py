"""What a program builds before it simulates: environments, actors and their properties."""
