"""Which collision geom of the compiled model serves which shape of an actor's asset.

Actors in one place of the environments may be made from assets with other shapes: another mesh, a
ball for a box, more convex parts. The model then has a geom for every shape that any of them needs
at once, its *slots*; environments whose asset has fewer leave the others out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from humanoid_gym.engine.assets.asset import Asset
from humanoid_gym.engine.assets.model import ShapeModel


@dataclass(frozen=True)
class Slot:
    """One collision geom of an actor."""

    body: int
    """Asset-local body index."""
    shape: ShapeModel
    """Of the first asset that has a shape here: what is compiled."""
    owner: int
    """Index of that shape among its asset's collision shapes."""
    env: int
    """First environment that has it."""


class Slots:
    """The collision geoms of one actor's place in the environments.

    The n-th shape of its kind on a body goes into the n-th slot of this kind and body. Slots begin
    with the shapes of the first environment's asset in their order.

    Args:
        assets: what the actor is made from in each environment.
    """

    def __init__(self, assets: Iterable[Asset]) -> None:
        self.list: list[Slot] = []
        self._index: dict[tuple[int, str, int], int] = {}
        self._of_asset: dict[Asset, np.ndarray] = {}
        for env, asset in enumerate(assets):
            if asset not in self._of_asset:
                self._of_asset[asset] = self._assign(asset, env)

    def __len__(self) -> int:
        return len(self.list)

    def of(self, asset: Asset) -> np.ndarray:
        """Slot of each collision shape of an asset, shape (num_shapes,)."""
        return self._of_asset[asset]

    @property
    def assets(self) -> list[Asset]:
        """The assets, in the order of the first environment that has each."""
        return list(self._of_asset)

    @property
    def shared(self) -> bool:
        """Whether every environment fills every slot."""
        return all(len(slots) == len(self.list) for slots in self._of_asset.values())

    def _assign(self, asset: Asset, env: int) -> np.ndarray:
        """Slots of an asset's shapes; adds those that are missing."""
        seen: Counter[tuple[int, str]] = Counter()
        slots = []
        for owner, (body, shape) in enumerate(asset.collision_shapes):
            key = body, shape.kind, seen[body, shape.kind]
            seen[body, shape.kind] += 1
            if key not in self._index:
                self._index[key] = len(self.list)
                self.list.append(Slot(body, shape, owner, env))
            slots.append(self._index[key])
        return np.array(slots, dtype=np.int64)
