"""Triton is loaded before what draws pictures; the other way round the process would end."""

import subprocess
import sys

import pytest

PICTURE = """
from isaacgym import gymapi
gym = gymapi.acquire_gym()
sim = gym.create_sim(0, 0, gymapi.SIM_PHYSX, gymapi.SimParams())
env = gym.create_env(sim, gymapi.Vec3(-1, -1, 0), gymapi.Vec3(1, 1, 2), 1)
ball = gym.create_sphere(sim, 0.1, gymapi.AssetOptions())
gym.create_actor(env, ball, gymapi.Transform(), "ball", 0, 1)
properties = gymapi.CameraProperties()
properties.width = properties.height = 8
camera = gym.create_camera_sensor(env, properties)
gym.prepare_sim(sim)
gym.step_graphics(sim)
gym.render_all_camera_sensors(sim)
assert gym.get_camera_image(sim, env, camera, gymapi.IMAGE_COLOR).shape == (8, 32)
"""
NO_LLVM = "assert 'LLVM' not in open('/proc/self/maps').read()"
OPTIMIZER = "import torch; torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))])"


def run(program, folder):
    return subprocess.run(
        [sys.executable, "-c", f"import humanoid_gym\n{program}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="looks into Linux' list of libraries")
def test_triton_is_imported_before_the_first_picture(tmp_path):
    if run(PICTURE, tmp_path).returncode:
        pytest.skip("nothing here renders off screen")
    # in the program's own folder; it stands for the real one, which PyTorch for CUDA brings along
    (tmp_path / "triton.py").write_text(f"{NO_LLVM}\nprint('loaded')\n")
    done = run(PICTURE, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "loaded" in done.stdout


def test_an_optimizer_can_be_made_after_a_picture(tmp_path):
    pytest.importorskip("triton")
    if run(f"{OPTIMIZER}\n{PICTURE}", tmp_path).returncode:
        pytest.skip("nothing here renders off screen")
    done = run(f"{PICTURE}\n{OPTIMIZER}", tmp_path)
    assert done.returncode == 0, done.stderr
