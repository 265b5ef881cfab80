"""Pictures: camera sensors and the viewer."""
