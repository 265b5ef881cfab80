"""The command lines behind train.py and play.py: arguments to configuration to one call."""
