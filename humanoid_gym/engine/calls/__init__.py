"""The methods of class Gym, by what they are about."""
