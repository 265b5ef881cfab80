"""What an importer raises: one line that names the file, the line, the fault and the remedy."""


class AssetError(ValueError):
    """A robot description or one of its meshes cannot be used."""


class MissingMeshError(AssetError, FileNotFoundError):
    """A mesh that a robot description names is not there."""


class UnsupportedAssetError(AssetError, NotImplementedError):
    """The file is valid, but asks for something that the importer does not do."""
