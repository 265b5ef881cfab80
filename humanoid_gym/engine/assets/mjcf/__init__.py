"""The MJCF importer: MuJoCo's XML as Isaac Gym reads it.

| step | module |
|---|---|
| files, includes | `source` |
| `<default>` classes | `defaults` |
| `<compiler>`, orientations | `frames` |
| `<geom>`, `<mesh>`, masses | `geoms` |
| `<joint>` | `joints` |
| `<body>` | `bodies` |
| `<actuator>`, `<tendon>` | `transmissions` |
| contype, conaffinity, `<contact>` | `filters` |
| all of it | `importer` |
"""

from humanoid_gym.engine.assets.mjcf.importer import load_mjcf

__all__ = ["load_mjcf"]
