"""Commanded walking of the 24-joint humanoid and of its legs: task, rewards, commands, motors."""
