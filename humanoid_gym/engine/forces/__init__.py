"""Forces that act and forces that are measured; Jacobians and mass matrices."""
