"""From one environment of a scene to a MuJoCo model."""
