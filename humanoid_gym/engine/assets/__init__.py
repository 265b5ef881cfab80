"""Robot files and procedural shapes, turned into one description the scene can instance."""
