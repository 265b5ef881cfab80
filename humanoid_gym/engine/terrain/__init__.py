"""Static geometry: what clients pass, as shapes that MuJoCo collides with."""
