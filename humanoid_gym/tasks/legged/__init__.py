"""Robots on legs with motors: description, drives, feet, and the task base that holds them."""
