"""Watching a training: its curves, and rules that say when something is wrong with them."""
