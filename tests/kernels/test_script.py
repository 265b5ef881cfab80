"""TorchScript is applied in one place and can be switched off without changing a number."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from humanoid_gym.kernels import JIT_ENABLED
from humanoid_gym.kernels import cartpole as cartpole_kernels
from humanoid_gym.kernels import humanoid as kernels

REPOSITORY = Path(__file__).resolve().parents[2]

CHILD = """
import sys
import torch
sys.path.insert(0, sys.argv[1])
from test_humanoid_kernels import at, random_arguments
from humanoid_gym.kernels import JIT_ENABLED, cartpole, humanoid

torso = humanoid.torso(**random_arguments())
pairs = torch.linspace(-2, 2, 4).view(2, 2)
q = at(heading=pairs[0], torso_up=pairs[1], action=pairs, joint_velocity=pairs,
       joint_position=pairs)
terms = [f(q) for f in (humanoid.heading_reward, humanoid.upright_reward, humanoid.action_cost,
                        humanoid.energy_cost, humanoid.joint_limit_cost)]
speeds = torch.linspace(-2, 2, 7)
pole = cartpole.reward(speeds, speeds, speeds, speeds > 1)
torch.save([JIT_ENABLED, isinstance(humanoid.torso, torch.jit.ScriptFunction),
            list(torso), terms, list(pole.values())], sys.argv[2])
"""


def results(jit: str, folder: Path) -> list:
    output = folder / f"jit_{jit}.pt"
    environment = {**os.environ, "HUMANOID_GYM_JIT": jit, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-W", "error", "-c", CHILD, str(Path(__file__).parent), str(output)]
    subprocess.run(command, check=True, env=environment, cwd=folder)
    return torch.load(output)


def test_undecorated_kernels_give_the_same_numbers(tmp_path: Path):
    jit_on, scripted, *compiled = results("1", tmp_path)
    jit_off, still_scripted, *plain = results("0", tmp_path)
    assert (jit_on, scripted, jit_off, still_scripted) == (True, True, False, False)
    for a, b in zip(compiled, plain, strict=True):
        for x, y in zip(a, b, strict=True):
            torch.testing.assert_close(x, y, rtol=1e-5, atol=1e-5)


def test_kernels_of_this_process_are_scripted_by_default():
    expected = os.environ.get("HUMANOID_GYM_JIT", "1") != "0"
    assert expected == JIT_ENABLED
    for kernel in (kernels.energy_cost, cartpole_kernels.reward):
        assert isinstance(kernel, torch.jit.ScriptFunction) == expected
