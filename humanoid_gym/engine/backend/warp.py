"""The GPU backend: MuJoCo Warp, all environments in arrays that PyTorch shares.

A step is one graph: every substep, what puts failed environments back, and the contact forces. It
runs on PyTorch's current stream and never waits for the host. On Warp's CPU device the same code
runs slowly: that is how it is tested without a GPU.
"""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import mujoco
import mujoco_warp
import numpy as np
import torch
import warp as wp
from torch import Tensor

from humanoid_gym.engine.backend import warp_height_fields, warp_kernels
from humanoid_gym.engine.backend.capture import WarpGraphs
from humanoid_gym.engine.backend.left_out import leave_out_of
from humanoid_gym.engine.backend.overflow import OverflowWatch
from humanoid_gym.engine.backend.warp_arrays import array_bytes, quaternions, shared_stream
from humanoid_gym.engine.backend.warp_memory import make_data, within_memory
from humanoid_gym.engine.backend.warp_sizes import sizes_for

if TYPE_CHECKING:
    from humanoid_gym.engine.state.speed_limits import SpeedLimits

logger = logging.getLogger(__name__)

UNSUPPORTED_FLAGS = mujoco.mjtDisableBit.mjDSBL_AUTORESET
"""Flags that MuJoCo Warp does not know: it never resets by itself."""
SET_FLAGS = mujoco.mjtDisableBit.mjDSBL_NATIVECCD
"""To MuJoCo Warp this means that boxes touch as MuJoCo's do, with up to eight contacts."""
DERIVED = (
    "body_subtreemass",
    "body_invweight0",
    "dof_invweight0",
    "tendon_invweight0",
    "tendon_length0",
    "actuator_acc0",
)
"""Model fields that `set_const` computes from others."""
BOUNDS = ("geom_rbound", "geom_aabb")
"""Those that it computes from sizes of shapes, which environments seldom differ in."""
SHARED_FIELDS = frozenset(("wrap_prm",))
"""Model fields that MuJoCo Warp has once for all worlds, among those that properties decide."""
STATE_PARTS = {
    "TIME": "time",
    "QPOS": "qpos",
    "QVEL": "qvel",
    "ACT": "act",
    "WARMSTART": "qacc_warmstart",
    "CTRL": "ctrl",
    "QFRC_APPLIED": "qfrc_applied",
    "XFRC_APPLIED": "xfrc_applied",
    "EQ_ACTIVE": "eq_active",
    "MOCAP_POS": "mocap_pos",
    "MOCAP_QUAT": "mocap_quat",
}
"""Parts of MuJoCo's integration state that a scene of ours can have."""
POSES = ("xpos", "xquat", "xmat", "xipos", "ximat", "xanchor", "xaxis", "site_xpos", "site_xmat")
AT_PRESENT = frozenset((*POSES, "site_xquat", "subtree_com", "cvel", "M"))
"""Outputs that belong to the present state; computed when one is read."""
CONTACT_FORCE = "contact_force"


class WarpBackend:
    """`Backend` on MuJoCo Warp.

    Args:
        model: compiled model of one environment.
        num_envs: number of simulations.
        device: a CUDA device, or the CPU.
        max_contacts: contacts of all environments together that there is room for at least.

    Raises:
        MemoryError: they do not fit into the device's memory; tells how many would.
        NotImplementedError: the model has something that MuJoCo Warp lacks.
    """

    measures_contacts = True
    measures_bodies = False

    def __init__(
        self, model: mujoco.MjModel, num_envs: int, device: torch.device, max_contacts: int = 0
    ) -> None:
        self.model, self.num_envs, self.device = model, num_envs, device
        self._warp_device = wp.device_from_torch(device)
        self._tensors: dict[str, Tensor] = {}
        self._limits: SpeedLimits | None = None
        self.graphs = WarpGraphs(self._stream)
        self._geoms_moved = False
        self._contact_force: wp.array | None = None
        self._left_out: Tensor | None = None
        with self._stream():
            self._create(max_contacts)
            self._failed = wp.zeros(num_envs, dtype=bool, device=self._warp_device)
        self._overflow = OverflowWatch(wp.to_torch(self._data.overflow))
        self.graphs.after_replay = self._overflow.look
        self._poses_stale = True
        self.start_from(self.save())

    def _create(self, max_contacts: int) -> None:
        host = copy.copy(self.model)
        host.opt.disableflags = host.opt.disableflags & ~int(UNSUPPORTED_FLAGS) | int(SET_FLAGS)
        host.hfield_size[:, 3] = warp_height_fields.BASE_THICKNESS
        self._model = mujoco_warp.put_model(host)
        if host.nhfield:
            warp_height_fields.correct_height_fields(self._model)
        # Gains of single environments may come later: their terms are always computed.
        self._model.has_efm_actuator = host.nu > 0
        self._model.has_tendon_stiffness = self._model.has_tendon_damping = host.ntendon > 0
        self._model.opt.warn_overflow = 0  # counted by OverflowWatch instead of printed
        if self._warp_device.is_cuda and not wp.is_conditional_graph_supported():
            self._model.opt.graph_conditional = False
            logger.warning(
                "the CUDA driver is older than 12.4: the solver cannot stop early inside a graph "
                "and always takes %d iterations, which is slow; update the driver",
                host.opt.iterations,
            )
        # Room for what single environments may get later, like the gains above.
        host.dof_frictionloss[:] = 1.0
        sizes = sizes_for(host, max_contacts // self.num_envs)
        self._data = make_data(host, self.num_envs, sizes, self._warp_device)

    def state(self, name: str) -> Tensor:
        """See `Backend.state`."""
        return self._view(name, getattr(self._data, name))

    def output(self, name: str) -> Tensor:
        """See `Backend.output`."""
        if name == CONTACT_FORCE:
            return self._contact_forces()
        if name in AT_PRESENT:
            self._update_poses()
        if name == "site_xquat":
            return quaternions(self.output("site_xmat"))
        tensor = self._view(name, getattr(self._data, name))
        return tensor.flatten(2) if name in ("xmat", "ximat", "site_xmat") else tensor

    def model_field(self, name: str) -> Tensor:
        """See `Backend.model_field`."""
        owner, field = self._owner(name)
        array = getattr(owner, field)
        if array.shape[0] != self.num_envs:
            whole = wp.to_torch(array)
            whole = whole.repeat(self.num_envs, *([1] * (whole.ndim - 1)))
            setattr(owner, field, wp.from_torch(whole, dtype=array.dtype))
            self._tensors["model." + name] = whole  # owns the memory
            self.graphs.clear()
        self._poses_stale = True
        self._geoms_moved |= name in ("geom_pos", "geom_quat")
        return self._view("model." + name, getattr(owner, field))

    def shared_field(self, name: str) -> Tensor | None:
        """See `Backend.shared_field`."""
        return wp.to_torch(getattr(self._model, name)) if name in SHARED_FIELDS else None

    def constants(self, name: str) -> Tensor:
        """See `Backend.constants`."""
        owner, field = self._owner(name)
        return wp.to_torch(getattr(owner, field))

    def leave_out(self, geoms: Tensor) -> None:
        """See `Backend.leave_out`."""
        # Broad phases let a pair pass where it is near: comparisons with NaN are false.
        self.model_field("geom_pos")[geoms.to(self.device)] = torch.nan
        self._left_out = geoms

    def recompute_constants(self, envs: Tensor) -> None:
        """See `Backend.recompute_constants`; computes those of all environments."""
        # One for each environment only where they differ: MuJoCo Warp compiles the broad phase for
        # the number of bounds.
        own_sizes = self._model.geom_size.shape[0] == self.num_envs
        for name in (*DERIVED, *BOUNDS) if own_sizes else DERIVED:
            if getattr(self._model, name).size:
                self.model_field(name)
        with self._stream():
            mujoco_warp.set_const(self._model, self._data)
        self._poses_stale = True

    def step(self, substeps: int, *, last: bool = True) -> None:
        """See `Backend.step`."""
        if self._geoms_moved:
            self._place_static_geoms()
        with within_memory(self.num_envs, self._warp_device):
            self.graphs.run(f"{substeps} substeps, {last}", lambda: self._advance(substeps, last))
        self._poses_stale = True

    def _advance(self, substeps: int, last: bool) -> None:
        for _ in range(substeps):
            mujoco_warp.step(self._model, self._data)
            self._restore_unstable()
        if self._contact_force is not None:
            self._add_contact_forces()
        if last and self._limits is not None:
            self._limit_speeds(self._limits)

    def _restore_unstable(self) -> None:
        data, start = self._data, self._start
        wp.launch(
            warp_kernels.restore_unstable,
            dim=self.num_envs,
            inputs=[start["qpos"], start["qvel"], start["mocap_pos"], start["mocap_quat"]],
            outputs=[
                data.qpos,
                data.qvel,
                data.mocap_pos,
                data.mocap_quat,
                data.qacc_warmstart,
                data.qacc,
                data.ctrl,
                data.qfrc_applied,
                data.xfrc_applied,
                self._failed,
            ],
        )

    def _limit_speeds(self, limits: SpeedLimits) -> None:
        wp.launch(
            warp_kernels.limit_speeds,
            dim=self.num_envs,
            inputs=[
                wp.from_torch(limits.dof_limits),
                wp.from_torch(limits.root_starts),
                wp.from_torch(limits.root_limits, dtype=wp.vec2),
            ],
            outputs=[self._data.qvel],
        )

    def limit_speeds(self, limits: SpeedLimits) -> None:
        """See `Backend.limit_speeds`."""
        self._limits = limits
        self.graphs.clear()

    def settle(self) -> Tensor | None:
        """See `Backend.settle`."""
        flags = self._view("failed", self._failed)
        failed = flags.clone()
        flags.zero_()
        self._overflow.look()
        if self.device.type == "cpu" and not failed.any():
            return None
        return failed

    def forward(self, envs: Tensor | None) -> None:
        """See `Backend.forward`."""
        self._poses_stale = True

    @property
    def initial(self) -> Tensor:
        """See `Backend.initial`."""
        return self._initial

    def start_from(self, state: Tensor) -> None:
        """See `Backend.start_from`."""
        self._initial = state
        self._start = {}
        for name, part in self._split(state).items():
            array = getattr(self._data, name)
            if name in ("qpos", "qvel", "mocap_pos", "mocap_quat"):
                self._start[name] = wp.from_torch(part.contiguous(), dtype=array.dtype)
        for name in ("mocap_pos", "mocap_quat"):
            self._start.setdefault(name, getattr(self._data, name))
        self.graphs.clear()

    def save(self) -> Tensor:
        """See `Backend.save`; float32 here."""
        parts = [self._view(name, getattr(self._data, name)) for name in self._state_sizes]
        return torch.cat([part.reshape(self.num_envs, -1).float() for part in parts], dim=1)

    def load(self, state: Tensor) -> None:
        """See `Backend.load`."""
        for name, part in self._split(state).items():
            self._view(name, getattr(self._data, name)).copy_(part)
        self._poses_stale = True

    def snapshot(self, env: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
        """See `Backend.snapshot`."""
        model = copy.copy(self.model)
        for key, tensor in self._tensors.items():
            owner, _, name = key.rpartition(".")
            if owner.startswith("model"):
                target = model.opt if owner.endswith("opt") else model
                values = tensor[env].cpu().numpy()
                getattr(target, name)[:] = values.reshape(getattr(target, name).shape)
        if self._left_out is not None:
            leave_out_of(model, self._left_out[env])
        data = mujoco.MjData(model)
        state = self.save()[env].cpu().double().numpy()
        mujoco.mj_setState(model, data, state, mujoco.mjtState.mjSTATE_INTEGRATION)
        return model, data

    @property
    def bytes_per_env(self) -> float:
        """Device memory of the arrays that grow with the number of environments [bytes]."""
        return array_bytes(self._data) / self.num_envs

    @property
    def _state_sizes(self) -> dict[str, int]:
        """Parts of the integration state in MuJoCo's order, and how many numbers each has."""
        sizes = {}
        for part, name in STATE_PARTS.items():
            bit = getattr(mujoco.mjtState, f"mjSTATE_{part}")
            if size := mujoco.mj_stateSize(self.model, bit):
                sizes[name] = size
        return sizes

    def _split(self, state: Tensor) -> dict[str, Tensor]:
        sizes = self._state_sizes
        parts = state.to(self.device).split(list(sizes.values()), dim=1)
        result = {}
        for name, part in zip(sizes, parts, strict=True):
            view = self._view(name, getattr(self._data, name))
            result[name] = part.reshape(view.shape).to(view.dtype)
        return result

    def _owner(self, name: str) -> tuple[object, str]:
        """Where MuJoCo Warp keeps a model field, and its name there."""
        if name.startswith("opt."):
            return self._model.opt, name[len("opt.") :]
        return self._model, name

    def _view(self, key: str, array: wp.array) -> Tensor:
        """The tensor over an array's memory; the same object each time."""
        if key not in self._tensors:
            self._tensors[key] = wp.to_torch(array)
        return self._tensors[key]

    @contextlib.contextmanager
    def _stream(self) -> Iterator[None]:
        """Warp works in the order of PyTorch's current stream of the device.

        The default one and Warp's own wait for each other by CUDA's rules; others are shared.
        """
        with wp.ScopedDevice(self._warp_device):
            current = torch.cuda.current_stream(self.device) if self._warp_device.is_cuda else None
            if current is None or current.cuda_stream == 0:
                yield
                return
            with wp.ScopedStream(shared_stream(current), sync_enter=False):
                yield

    def _update_poses(self) -> None:
        if self._poses_stale:
            self.graphs.run("poses", self._compute_poses)
            self._poses_stale = False

    def _compute_poses(self) -> None:
        mujoco_warp.kinematics(self._model, self._data)
        mujoco_warp.com_pos(self._model, self._data)
        mujoco_warp.com_vel(self._model, self._data)
        mujoco_warp.crb(self._model, self._data)

    def _contact_forces(self) -> Tensor:
        """Net contact force on each MuJoCo body [N], world axes, shape (num_envs, nbody, 3)."""
        if self._contact_force is None:
            shape = (self.num_envs, self.model.nbody)
            self.graphs.clear()
            with self._stream():
                self._contact_force = wp.zeros(shape, dtype=wp.vec3, device=self._warp_device)
                self._add_contact_forces()
        return self._view(CONTACT_FORCE, self._contact_force)

    def _add_contact_forces(self) -> None:
        contact = self._data.contact
        total = self._contact_force
        assert total is not None  # made when it was first asked for
        total.zero_()
        wp.launch(
            warp_kernels.add_contact_forces,
            dim=self._data.naconmax,
            inputs=[
                self._data.nacon,
                contact.worldid,
                contact.geom,
                self._model.geom_bodyid,
                contact.frame,
                contact.dim,
                contact.efc_address,
                self._data.efc.force,
                self._failed,
            ],
            outputs=[total],
        )

    def _place_static_geoms(self) -> None:
        """Where geoms of the world are: Warp computes it once, before they were moved."""
        rows = np.flatnonzero(self.model.body_weldid[self.model.geom_bodyid] == 0)
        rows = rows[self.model.geom_bodyid[rows] == 0]
        geoms = torch.from_numpy(rows).to(self.device)
        positions = wp.to_torch(self._model.geom_pos)[:, geoms]
        self._view("geom_xpos", self._data.geom_xpos)[:, geoms] = positions
        self._geoms_moved = False
