"""Draws what a configuration randomizes and applies it, for all environments of a task at once."""

from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import torch
from isaacgym import gymtorch
from torch import Tensor

from humanoid_gym.config import ConfigError
from humanoid_gym.randomization.batch import Batch, Simulated
from humanoid_gym.randomization.configuration import RandomizationConfig
from humanoid_gym.randomization.delay import ActionDelay
from humanoid_gym.randomization.describing import table
from humanoid_gym.randomization.drawing import Column, DrawnNumbers
from humanoid_gym.randomization.initial_state import shifted_root
from humanoid_gym.randomization.noise import Group, SensorNoise, noise_columns
from humanoid_gym.randomization.properties import PROPERTIES, Robot
from humanoid_gym.randomization.pushes import ForcePushes, VelocityPushes
from humanoid_gym.randomization.ranges import RESET
from humanoid_gym.randomization.targets import BODY, ROBOT, WORLD
from humanoid_gym.randomization.world import World
from humanoid_gym.randomization.writing import PropertyWriter, Spread

RANGES = "once.ranges"
"""Key under which a saved state tells what the numbers that are drawn once were drawn from."""
LONG_AGO = 2**40
"""Control steps after which no schedule is still growing."""


class Randomization:
    """Randomizes one robot in every environment of a task; nothing unless configured.

    The order of calls: `ground_friction` while the scene is built, `prepare` when all environments
    exist, `acquire` when the simulation does; then in each step `between_steps` (on the host, never
    recorded), `before_step`, `before_simulate`, and `reset` where episodes begin. Before a step the
    root state tensor has to be up to date. Tensors are written in place, as a CUDA graph needs.

    Args:
        config: what is randomized.
        owner: the task; its generator is what everything is drawn with.
        step_seconds: duration of a control step [s].
    """

    def __init__(self, config: RandomizationConfig, owner: Simulated, step_seconds: float) -> None:
        self.config, self._owner = config, owner
        self._batch = Batch(
            owner.num_envs, owner.device, owner.generator, owner.on_gpu, step_seconds
        )
        self._world = World(config, self._batch)
        self._spreads: Dict[str, Spread] = {}
        self._once = self._each_reset = DrawnNumbers([], self._batch)
        self._writer: Optional[PropertyWriter] = None
        self._delay: Optional[ActionDelay] = None
        self._noise: Optional[SensorNoise] = None
        self._blows: Optional[VelocityPushes] = None
        self._pushes: Optional[ForcePushes] = None
        self._steps = torch.zeros((), dtype=torch.long, device=owner.device)
        self._stale = torch.zeros(owner.num_envs, dtype=torch.bool, device=owner.device)
        self._rewritten: List[str] = []
        self._draws: Dict[str, Tensor] = {}

    def ground_friction(self, own: float) -> float:
        """Return the friction coefficient of the ground, `own` if it is not randomized."""
        return self._world.ground_friction(own)

    def prepare(self, observation: Sequence[Group] = (), actor: int = 0) -> None:
        """Draw for the first time and set the robots' properties.

        Args:
            observation: groups of the observation in order, for sensor noise.
            actor: handle of the robot in every environment.

        Raises:
            ConfigError: names a setting that does not fit the robot or the observation.
        """
        gym, sim, config = self._owner.gym, self._owner.sim, self.config
        self._actor = actor
        self._world.prepare(gym, sim)
        robot = Robot(gym, gym.get_env(sim, 0), actor)
        try:
            self._spreads = {s.chosen.name: s for s in self._concerning(robot)}
            self._allocate_numbers(observation)
            self._prepare_writer(robot)
            if config.noise:
                self._noise = SensorNoise(config.noise, observation, self._batch)
            if config.force_push is not None:
                self._pushes = self._make_pushes(robot)
        except ValueError as error:
            raise ConfigError(f"task.randomization.{error}") from error
        if config.delay is not None:
            longest = int(config.delay.range[1])
            self._delay = ActionDelay(longest, self._owner.num_actions, self._batch)
        if config.velocity_push is not None:
            self._blows = VelocityPushes(config.velocity_push, self._batch)
        self._draw_first()

    def acquire(self) -> None:
        """Wrap the simulation's tensors; called once it is prepared."""
        if self._blows is not None:
            acquired = self._owner.gym.acquire_actor_root_state_tensor(self._owner.sim)
            roots = gymtorch.wrap_tensor(acquired)
            assert roots is not None, "every environment has a robot"
            self._roots, rows = roots, roots.view(self._batch.num_envs, -1, 13)
            self._root_velocity = rows[:, self._actor, 7:13]

    def between_steps(self) -> None:
        """Write the properties of environments that began an episode, and count for gravity.

        Isaac Gym's calls for that are the host's, which on a GPU has to wait to know the
        environments; where no property is drawn at each reset there is nothing to wait for.
        """
        self._world.count(self._owner.gym, self._owner.sim)
        if self._rewritten and self._writer is not None:
            envs = self._stale.cpu().nonzero().flatten().tolist()
            if envs:
                self._writer.write(envs, self._draws, self._rewritten)
                self._stale.zero_()

    def before_step(self, actions: Tensor) -> Tensor:
        """Begin a control step: count it, push, draw the sensors' errors.

        Args:
            actions: shape (num_envs, num_actions).

        Returns:
            The actions that act in this step, of the same shape.
        """
        self._steps += 1
        if self._blows is not None and self._blows.advance(self._steps):
            self._root_velocity += self._blows.change
            roots = gymtorch.unwrap_tensor(self._roots)
            self._owner.gym.set_actor_root_state_tensor(self._owner.sim, roots)
        if self._pushes is not None:
            self._pushes.advance(self._steps)
        if self._noise is not None:
            self._noise.draw()
        if self._delay is None:
            return actions
        return self._delay.delayed(actions, self._draws["delay"])

    def before_simulate(self) -> None:
        """Apply the forces of pushes, which act for one `simulate`."""
        if self._pushes is not None and self._pushes.may_act:
            forces = gymtorch.unwrap_tensor(self._pushes.forces)
            self._owner.gym.apply_rigid_body_force_tensors(self._owner.sim, forces, None)

    def reset(self, mask: Tensor) -> None:
        """Draw anew where episodes begin.

        Args:
            mask: which environments, shape (num_envs,) bool.
        """
        if self._each_reset.columns:
            values = self._each_reset.values
            drawn = self._each_reset.redraw(self._steps)
            values.copy_(torch.where(mask.unsqueeze(-1), drawn, values))
        if self._rewritten:
            self._stale |= mask
        if self._delay is not None:
            self._delay.reset(mask)
        if self._pushes is not None:
            self._pushes.reset(mask)
        if self._noise is not None:
            self._noise.take(self._once, self._each_reset)

    def finish_schedules(self) -> None:
        """Draw from the whole ranges from now on, as at the end of a training."""
        self._steps.fill_(LONG_AGO)

    def observed(self, observation: Tensor) -> Tensor:
        """Return an observation (num_envs, columns) with the sensors' errors of this step."""
        return observation if self._noise is None else self._noise.observed(observation)

    def factor(self, name: str, torques: Tensor) -> Tensor:
        """Multiply what belongs to the joints by a factor, in tasks that compute torques.

        Args:
            name: motor_strength, stiffness or damping.
            torques: torques or gains, shape (num_envs, num_joints) or (num_joints,).
        """
        if name not in self._spreads:
            return torques
        return torques * self._spreads[name].over_all(self._draws[name]).squeeze(-1)

    def initial_joints(self, position: Tensor, velocity: Tensor) -> Tuple[Tensor, Tensor]:
        """Return joint positions and velocities with the drawn offsets, (num_envs, num_joints)."""
        return (
            self._shifted("initial_joint_position", position),
            self._shifted("initial_joint_velocity", velocity),
        )

    def initial_root(self, root_state: Tensor) -> Tensor:
        """Return root states (num_envs, 13) with the drawn offsets, see `shifted_root`."""
        return shifted_root(root_state, self._each_reset)

    def draws(self) -> Dict[str, Tensor]:
        """Return what is in force, by parameter, shape (num_envs, numbers); overwritten in place.

        Of pushes: the velocity change and the force of this step.
        """
        return self._draws

    def table(self) -> List[str]:
        """Return lines of text: what is randomized, and what was drawn."""
        return table(self.config, self._draws)

    def state_dict(self) -> Dict[str, Tensor]:
        """Return what goes on from step to step, as new tensors on the CPU."""
        return {k: v.detach().to("cpu", copy=True) for k, v in self._state().items()}

    def difference(self, state: Mapping[str, Any]) -> str:
        """Tell why `load_state_dict` refuses a state, empty if it does not."""
        live = self._state()
        for name in {**live, **state}:
            saved, own = [tuple(of[name].shape) if name in of else None for of in (state, live)]
            if saved != own:
                return f"saved randomization '{name}' has shape {saved}, this configuration's {own}"
        if not state[RANGES].cpu().equal(live[RANGES].cpu()):
            return "saved randomization was drawn from other ranges"
        return self._world.difference(state["world.values"])

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from `state_dict`; the simulation's properties become those drawn then.

        Raises:
            ValueError: the state is of another configuration; nothing is changed then.
        """
        difference = self.difference(state)
        if difference:
            raise ValueError(difference)
        for name, tensor in self._state().items():
            tensor.copy_(state[name])
        if self._writer is not None:
            self._writer.write(range(self._batch.num_envs), self._draws)
        self._world.write(self._owner.gym, self._owner.sim)

    def _state(self) -> Dict[str, Tensor]:
        groups = {
            "world": self._world,
            "delay": self._delay,
            "noise": self._noise,
            "velocity_push": self._blows,
            "force_push": self._pushes,
        }
        state = {
            "steps": self._steps,
            "stale": self._stale,
            "once": self._once.values,
            RANGES: self._once.bounds,
            "each_reset": self._each_reset.values,
        }
        for name, group in groups.items():
            if group is not None:
                state.update({f"{name}.{key}": value for key, value in group.state().items()})
        return state

    def _concerning(self, robot: Robot) -> Iterator[Spread]:
        for chosen in self.config.chosen():
            part = chosen.target.part
            if part == WORLD:
                continue
            parts = [0] if part == ROBOT else robot.parts_of(chosen)
            total = 1 if part == ROBOT else len(robot.names[part])
            yield Spread(chosen, parts, torch.tensor(parts, device=self._batch.device), total)

    def _allocate_numbers(self, observation: Sequence[Group]) -> None:
        columns = {True: [], False: []}
        for name, spread in self._spreads.items():
            target, draw = spread.chosen.target, spread.chosen.draw
            column = Column(name, draw, spread.width, target.origin, target.integer)
            columns[target.timing(draw) == RESET].append(column)
        for column in noise_columns(self.config.noise, observation):
            columns[column.draw.when != "construction"].append(column)
        self._once = DrawnNumbers(columns[False], self._batch)
        self._each_reset = DrawnNumbers(columns[True], self._batch)

    def _prepare_writer(self, robot: Robot) -> None:
        names = [name for name in self._spreads if name in PROPERTIES]
        if not names:
            return
        spreads = [self._spreads[name] for name in names]
        self._writer = PropertyWriter(self._owner, self._actor, robot, spreads)
        self._rewritten = [
            name for name in self._writer.concerned(names) if name in self._each_reset
        ]

    def _make_pushes(self, robot: Robot) -> ForcePushes:
        config, gym, sim = self.config.force_push, self._owner.gym, self._owner.sim
        assert config is not None
        try:
            bodies = robot.indices(BODY, config.bodies) if config.bodies else [0]
        except ValueError as error:
            raise ValueError(f"force_push.bodies: {error}") from error
        env = gym.get_env(sim, 0)
        first = sum(gym.get_actor_rigid_body_count(env, i) for i in range(self._actor))
        total = gym.get_env_rigid_body_count(env)
        return ForcePushes(config, [first + body for body in bodies], total, self._batch)

    def _draw_first(self) -> None:
        for numbers in (self._once, self._each_reset):
            numbers.values.copy_(numbers.redraw(self._steps))
        self._draws = self._world.draws()
        for numbers in (self._once, self._each_reset):
            self._draws.update({column.name: numbers[column.name] for column in numbers.columns})
        if self._blows is not None:
            self._draws["velocity_push"] = self._blows.change
        if self._pushes is not None:
            self._draws["force_push"] = self._pushes.force
        if self._noise is not None:
            self._noise.draw()
            self._noise.take(self._once, self._each_reset)
        if self._writer is not None:
            self._writer.write(range(self._batch.num_envs), self._draws)

    def _shifted(self, name: str, values: Tensor) -> Tensor:
        if name not in self._spreads:
            return values
        return values + self._spreads[name].over_all(self._draws[name]).squeeze(-1)
