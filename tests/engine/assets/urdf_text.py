"""Writing and loading small URDF files."""

from humanoid_gym.engine.assets.urdf import load_urdf
from humanoid_gym.engine.values.parameters import AssetOptions


def options(**settings):
    result = AssetOptions()
    for name, value in settings.items():
        setattr(result, name, value)
    return result


def load(tmp_path, text, **settings):
    file = tmp_path / "robot.urdf"
    file.write_text(text)
    return load_urdf(file, options(**settings))


def link(name, mass=1.0, extra=""):
    inertia = '<inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/>'
    inertial = f'<inertial><mass value="{mass}"/>{inertia}</inertial>'
    return f'<link name="{name}">{inertial}{extra}</link>'


def joint(name, parent, child, kind="revolute", inner=""):
    ends = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{name}" type="{kind}">{ends}{inner}</joint>'


def robot(*parts):
    return f"<robot name='r'>{''.join(parts)}</robot>"


def body(model, name):
    return next(b for b in model.bodies if b.name == name)
