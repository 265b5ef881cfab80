"""Values of the interface: enumerations, vectors, parameters, properties, tensor descriptors."""
