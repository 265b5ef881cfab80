"""Where the environments' origins, actors and static geometry are when a simulation starts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from humanoid_gym.engine.backend import Backend
from humanoid_gym.engine.scene.scene import Scene
from humanoid_gym.engine.terrain.static_geometry import place_static_geometry


def origins(scene: Scene) -> Tensor:
    """Global positions of the environments' origins [m], shape (num_envs, 3)."""
    rows = [(env.origin.x, env.origin.y, env.origin.z) for env in scene.envs]
    return torch.tensor(rows, dtype=torch.float64)


def initial_poses(scene: Scene) -> Tensor:
    """Root states at the actors' initial poses, at rest, shape (num_envs, num_actors, 13)."""
    states = np.zeros((len(scene.envs), len(scene.template.actors), 13))
    for env in scene.envs:
        for handle, actor in enumerate(env.actors):
            p, r = actor.pose.p, actor.pose.r
            states[env.index, handle, :7] = (p.x, p.y, p.z, r.x, r.y, r.z, r.w)
    return torch.from_numpy(states)


def place_ground(scene: Scene, backend: Backend) -> None:
    """Put ground and terrain where they are as seen from each environment's origin."""
    place_static_geometry(backend, scene.static_shapes, origins(scene).numpy())
