"""The observation table as the single source of sizes, slices and scales."""

from pathlib import Path
from types import SimpleNamespace

import torch

from humanoid_gym.tasks.humanoid import HumanoidConfig, observation_table
from humanoid_gym.tasks.observation import ObservationTable, ObservationTerm

# As the public task's comment and slices have it: reward reads up at 10, heading at 11, joint
# positions at 12:33 and velocities at 33:54.
PUBLIC = {
    "height": (0, 1),
    "velocity_b": (1, 4),
    "angular_velocity_b": (4, 7),
    "yaw": (7, 8),
    "roll": (8, 9),
    "angle_to_target": (9, 10),
    "torso_up": (10, 11),
    "heading": (11, 12),
    "joint_position": (12, 33),
    "joint_velocity": (33, 54),
    "joint_torque": (54, 75),
    "foot_wrench": (75, 87),
    "action": (87, 108),
}
PUBLIC_SCALES = {
    "angular_velocity_b": 0.25,
    "joint_velocity": 0.1,
    "joint_torque": 0.01,
    "foot_wrench": 0.01,
}


def test_humanoid_layout_is_the_public_one():
    table = observation_table(HumanoidConfig())
    assert table.size == 108
    assert {k: (s.start, s.stop) for k, s in table.slices.items()} == PUBLIC
    for term in table.terms:
        assert term.scale == PUBLIC_SCALES.get(term.name, 1.0)


def test_assembly_follows_the_table():
    table = ObservationTable(
        (ObservationTerm("speed", 2, "m/s", 0.5), ObservationTerm("height", 1, "m"))
    )
    quantities = SimpleNamespace(
        height=torch.tensor([7.0]), speed=torch.tensor([[2.0, 4.0]]), unused=torch.tensor([9.0])
    )
    observation = table.assemble(quantities, table.scales(torch.device("cpu")))
    assert observation.tolist() == [[1.0, 2.0, 7.0]]


def test_markdown_lists_every_term():
    rows = observation_table(HumanoidConfig()).markdown().splitlines()
    assert len(rows) == 2 + len(PUBLIC)
    assert rows[-1] == "| 87-107 | action | 1 | 1 |"


def test_the_page_shows_the_table():
    page = Path(__file__).resolve().parents[2] / "docs/humanoid_task.md"
    assert observation_table(HumanoidConfig()).markdown() in page.read_text()
