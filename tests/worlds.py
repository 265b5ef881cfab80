"""A small world builder over the public API, for tests of physics and of the contract."""

from pathlib import Path

import torch

from humanoid_gym.engine import gymapi, gymtorch


class World:
    """Environments with the same actors, built and read through Isaac Gym's calls only."""

    def __init__(
        self,
        folder: Path,
        num_envs=1,
        gravity=(0.0, 0.0, -9.81),
        ground=1.0,
        engine=gymapi.SIM_PHYSX,
        **params,
    ):
        self.folder = folder
        self.gym = gymapi.acquire_gym()
        sim_params = gymapi.SimParams()
        sim_params.up_axis = gymapi.UP_AXIS_Z
        sim_params.gravity = gymapi.Vec3(*gravity)
        for name, value in params.items():
            setattr(sim_params, name, value)
        self.dt = sim_params.dt
        self.sim = self.gym.create_sim(0, -1, engine, sim_params)
        if ground is not None:
            plane = gymapi.PlaneParams()
            plane.normal = gymapi.Vec3(0, 0, 1)
            plane.static_friction = plane.dynamic_friction = ground
            self.gym.add_ground(self.sim, plane)
        self.num_envs = num_envs
        self.placements = []

    def urdf(self, text, **options):
        path = self.folder / f"robot{len(list(self.folder.iterdir()))}.urdf"
        path.write_text(text)
        return self.gym.load_asset(self.sim, str(self.folder), path.name, make_options(options))

    def mjcf(self, text, **options):
        path = self.folder / f"robot{len(list(self.folder.iterdir()))}.xml"
        path.write_text(text)
        return self.gym.load_asset(self.sim, str(self.folder), path.name, make_options(options))

    def box(self, x, y, z, **options):
        return self.gym.create_box(self.sim, x, y, z, make_options(options))

    def sphere(self, radius, **options):
        return self.gym.create_sphere(self.sim, radius, make_options(options))

    def place(
        self, asset, position=(0, 0, 0), rotation=(0, 0, 0, 1), group=None, mask=0, dofs=None
    ):
        """In every environment; `dofs` are DOF properties to set."""
        self.placements.append((asset, position, rotation, group, mask, dofs or {}))
        return self

    def start(self, spacing=1.0, edit=None):
        """Create the environments and prepare; returns the world.

        `edit(gym, env, index)` is called for each environment when its actors are there.
        """
        corner = gymapi.Vec3(spacing, spacing, spacing)
        self.envs = []
        for index in range(self.num_envs):
            env = self.gym.create_env(self.sim, -corner, corner, 4)
            self.envs.append(env)
            for handle, (asset, p, r, group, mask, dofs) in enumerate(self.placements):
                pose = gymapi.Transform(gymapi.Vec3(*p), gymapi.Quat(*r))
                group = index if group is None else group
                self.gym.create_actor(env, asset, pose, f"actor{handle}", group, mask)
                self.gym.enable_actor_dof_force_sensors(env, handle)
                if dofs:
                    self.set_dofs(env, handle, **dofs)
            if edit:
                edit(self.gym, env, index)
        self.gym.prepare_sim(self.sim)
        wrap = gymtorch.wrap_tensor
        self.root = wrap(self.gym.acquire_actor_root_state_tensor(self.sim))
        self.dof = wrap(self.gym.acquire_dof_state_tensor(self.sim))
        self.body = wrap(self.gym.acquire_rigid_body_state_tensor(self.sim))
        self.contact = wrap(self.gym.acquire_net_contact_force_tensor(self.sim))
        self.dof_force = wrap(self.gym.acquire_dof_force_tensor(self.sim))
        self.sensor = wrap(self.gym.acquire_force_sensor_tensor(self.sim))
        return self

    def set_dofs(self, env, handle, **columns):
        props = self.gym.get_actor_dof_properties(env, handle)
        for name, value in columns.items():
            props[name] = value
        assert self.gym.set_actor_dof_properties(env, handle, props)

    def step(self, count=1):
        for _ in range(count):
            self.gym.simulate(self.sim)
        return self.refresh()

    def seconds(self, duration):
        return self.step(round(duration / self.dt))

    def refresh(self):
        for name in ("actor_root_state", "dof_state", "rigid_body_state", "net_contact_force"):
            assert getattr(self.gym, f"refresh_{name}_tensor")(self.sim)
        assert self.gym.refresh_dof_force_tensor(self.sim)
        assert self.gym.refresh_force_sensor_tensor(self.sim)
        return self

    def set(self, what, tensor, actors=None):
        """Call `set_<what>_tensor`, or `_indexed` with a list of actors."""
        tensor = torch.as_tensor(tensor, dtype=torch.float32).contiguous()
        call = getattr(self.gym, f"set_{what}_tensor" + ("_indexed" if actors is not None else ""))
        if actors is None:
            return call(self.sim, gymtorch.unwrap_tensor(tensor))
        rows = torch.tensor(actors, dtype=torch.int32)
        return call(
            self.sim, gymtorch.unwrap_tensor(tensor), gymtorch.unwrap_tensor(rows), len(rows)
        )

    @property
    def simulation(self):
        """The engine's own object, for state that the API cannot show."""
        return self.sim.simulation


def make_options(options):
    """AssetOptions from keywords, without PhysX's default angular damping."""
    made = gymapi.AssetOptions()
    made.angular_damping = 0.0
    for name, value in options.items():
        setattr(made, name, value)
    return made


def pendulum(mass=2.0, length=0.8, radius=0.05, joint="revolute", limit="", axis="0 1 0"):
    """A fixed base with a bob (a solid sphere) hanging from a joint at the origin."""
    inertia = 0.4 * mass * radius**2
    return f"""<robot name="pendulum">
      <link name="base">
        <inertial><mass value="1"/>
          <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
      </link>
      <link name="bob">
        <inertial><origin xyz="0 0 {-length}"/><mass value="{mass}"/>
          <inertia ixx="{inertia}" iyy="{inertia}" izz="{inertia}"
           ixy="0" ixz="0" iyz="0"/></inertial>
      </link>
      <joint name="pivot" type="{joint}"><parent link="base"/><child link="bob"/>
        <axis xyz="{axis}"/>{limit}</joint>
    </robot>"""


def chain(num_links, mass=1.0, length=0.4):
    """A fixed base and links one after another along x, hinged about y."""
    inertia = mass * length**2 / 12
    text = '<robot name="chain"><link name="base"/>'
    for index in range(num_links):
        parent = f"link{index - 1}" if index else "base"
        start = length if index else 0.0
        text += f"""
        <link name="link{index}"><inertial><origin xyz="{length / 2} 0 0"/>
          <mass value="{mass / (index + 1)}"/><inertia ixx="0.001" iyy="{inertia}" izz="{inertia}"
          ixy="0" ixz="0" iyz="0"/></inertial></link>
        <joint name="joint{index}" type="continuous"><origin xyz="{start} 0 0"/>
          <parent link="{parent}"/><child link="link{index}"/><axis xyz="0 1 0"/></joint>"""
    return text + "</robot>"
