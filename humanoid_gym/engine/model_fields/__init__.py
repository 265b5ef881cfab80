"""What the actors' properties decide in the model: drives, masses, scales, tendons."""
