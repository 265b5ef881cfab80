"""Runs as one HTML page that needs nothing else: configuration, curves, evaluation, pictures."""
