"""Commanded walking of robots with any number of feet: task, gait, rewards, commands."""
