"""The training loop: collect, learn, report, save. Start reading at `Runner.learn`.

What the loop calls has a file of its own: progress.py (counts and clock), reporting.py and logging/
(what is measured and where it goes), saving.py (checkpoints), faults/ (NaN).
"""

import logging
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

import torch
from torch import Tensor

from humanoid_gym.rl import distributed
from humanoid_gym.rl.acting import CapturedPolicy, CapturedRollout
from humanoid_gym.rl.behavioural_cloning import WarmStart
from humanoid_gym.rl.checkpoint import Checkpoint, load_checkpoint, load_networks, remove_leftovers
from humanoid_gym.rl.continuation import (
    check_sizes,
    check_task,
    check_whole,
    other_task_settings,
    restore_rng,
    rng_state,
    unfit_environments,
    versions,
    warn_of_versions,
)
from humanoid_gym.rl.episode_statistics import EpisodeStatistics
from humanoid_gym.rl.execution import Execution
from humanoid_gym.rl.faults import FaultRecorder, NonFiniteError, RolloutGuard, UpdateGuard
from humanoid_gym.rl.faults.recorder import ROLLOUT, UPDATE
from humanoid_gym.rl.faults.rollout_guard import described
from humanoid_gym.rl.faults.update_guard import first_bad_step
from humanoid_gym.rl.interruption import Interruption
from humanoid_gym.rl.logging.display import Display
from humanoid_gym.rl.logging.making import make_sinks
from humanoid_gym.rl.logging.report import LEARNING, Report
from humanoid_gym.rl.logging.training_log import TrainingLog
from humanoid_gym.rl.networks import ActorCritic
from humanoid_gym.rl.ppo import PPO, num_minibatches
from humanoid_gym.rl.ppo.symmetry import declared_mirror_map
from humanoid_gym.rl.progress import Progress
from humanoid_gym.rl.reporting import explained_variance, memory_report, non_finite, read_report
from humanoid_gym.rl.rollout_storage import RolloutStorage
from humanoid_gym.rl.saving import LAST, Saver
from humanoid_gym.rl.train_config import RunnerConfig, TrainConfig
from humanoid_gym.rl.vec_env import Observations, VecEnv
from humanoid_gym.threads import single_threaded

_log = logging.getLogger(__name__)

__all__ = ["NonFiniteError", "Runner", "RunnerConfig", "TrainConfig"]


class Runner:
    """Trains a policy on an environment and keeps its checkpoints.

    A checkpoint holds everything that the next step depends on, an unfinished rollout included:
    a resumed training continues as if it had not been interrupted, bit for bit on a CPU.
    """

    def __init__(
        self,
        env: VecEnv,
        config: TrainConfig,
        directory: Union[str, Path],
        seed: int = 0,
        run_config: Optional[Mapping[str, Any]] = None,
        writes: bool = True,
    ) -> None:
        """Build networks and storage; nothing is written yet.

        Args:
            env: environment to train on.
            config: settings.
            directory: folder of the run; checkpoints go to its subfolder "checkpoints".
            seed: of the initial weights, the action noise and the order of minibatches.
            run_config: the run's whole configuration as plain data, kept in checkpoints.
            writes: False: neither display nor files, for all but one of several processes.

        Raises:
            ConfigError: the configured minibatches cannot be.
        """
        horizon = config.runner.horizon
        sequence_length = 1 if config.policy.memory == "none" else horizon
        num_minibatches(config.algorithm, horizon * env.num_envs, sequence_length)
        self.env = env
        self.config = config
        self.directory = Path(directory)
        self.run_config = dict(run_config or {})
        self.generator = torch.Generator(env.device)
        self.generator.manual_seed(distributed.own_seed(seed, distributed.rank()))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks = ActorCritic(env.num_obs, env.num_actions, config.policy, env.num_states)
        self.actor_critic = networks.to(env.device)
        mirror_map = declared_mirror_map(env, config.algorithm)
        execution = Execution(config.execution, env.device)
        self.algorithm = PPO(
            self.actor_critic, config.algorithm, self.generator, mirror_map, execution
        )
        self.policy = CapturedPolicy(self.actor_critic, self.generator, execution)
        self.warm_start = WarmStart(
            config.behavioural_cloning, networks, env, self.run_config.get("task_name", "")
        )
        self.storage = RolloutStorage.for_networks(networks, horizon, env.num_envs, env.device)
        self.statistics = EpisodeStatistics(env.num_envs, env.device, horizon=horizon)
        self.progress = Progress(config.runner, env)
        self.interrupted = False
        """Whether the last `learn` ended because SIGINT or SIGTERM asked for it."""
        self._step = 0  # steps of the current rollout that are stored
        self._obs: Optional[Observations] = None  # None until the environment was reset or restored
        self.whole_rollout = CapturedRollout(self._step_from, horizon, env, execution, self.policy)
        self._watch_over(writes)

    def _watch_over(self, writes: bool) -> None:
        """Create what stands around the loop: log, checkpoints, guards."""
        config, directory = self.config.runner, self.directory
        sinks = make_sinks(self.config.logging, directory, self.run_config) if writes else {}
        display = {"display": Display(config.max_iterations)} if writes else {}
        self.log = TrainingLog({**sinks, **display})
        self.saver = Saver(directory, config, self.state_dict, self.statistics.window, writes)
        self.faults = FaultRecorder(directory, self.run_config, config.on_nan == "continue", writes)
        records = config.record_replay
        if records is None:
            records = self.env.device.type == "cpu"
        self.rollout_guard = RolloutGuard(
            self.env, self.storage, self.statistics, self.generator, records
        )
        self.update_guard = UpdateGuard(self.actor_critic, self.algorithm, self.generator)

    @property
    def iteration(self) -> int:
        """Finished iterations."""
        return self.progress.iteration

    def learn(self) -> Path:
        """Train until the configured end, or until SIGINT or SIGTERM asks to stop.

        Returns:
            The checkpoint to resume from, last.pt.

        Raises:
            NonFiniteError: a reward, observation or loss is not finite and the configuration says
                to stop then; the checkpoints are older and sound.
            SavingError: a checkpoint cannot be written, at the end or where that has to stop it.
        """
        with single_threaded(), Interruption() as interruption, self.log:
            self.begin()
            while not self.progress.finished():
                self.interrupted = not self.collect(interruption)
                if self.interrupted:
                    break  # the rest of the rollout is left to the next session
                losses = self.update() if self._all_accept() else {}
                report = self.finish_iteration(losses)
                self.log.write(report)
                self.progress.clock.lap("logging")
                self.saver.save_due(report)
                self.progress.clock.lap("saving")
                flags = [interruption.requested, self.progress.finished()]
                self.interrupted, finished = distributed.anywhere(flags, self.env.device)
                if self.interrupted or finished:
                    break
            return self.saver.save(LAST)

    def begin(self) -> None:
        """Start the environments, unless a checkpoint did."""
        self.saver.begin()
        self.progress.clock.start()
        if self._obs is None:
            if self.iteration == 0:  # else only this process's environments begin anew
                self.warm_start.run()
                self.progress.clock.lap("learning")
            self._obs = self.env.reset()
            if self.config.runner.randomize_episode_phase:
                self.env.randomize_episode_phase()
        networks = self.actor_critic
        distributed.copy_from_first([*networks.parameters(), *networks.buffers()])

    @single_threaded()
    def collect(self, interruption: Interruption) -> bool:
        """Step the environments until the storage is full; return False if asked to stop before."""
        storage = self.storage
        self.rollout_guard.begin(self._step)
        if self._step == 0:
            storage.begin()
            if self.whole_rollout.possible:
                self._obs = self.whole_rollout.collect(self._current_obs())
                self._step = storage.horizon
        may_stop = distributed.world_size() == 1  # else all have to stop at the same step
        while self._step < storage.horizon and not (may_stop and interruption.requested):
            self._collect_step(self._step)
            self._step += 1
        storage.store_observations(storage.horizon, self._current_obs())
        self.progress.clock.lap("inference")
        return self._step == storage.horizon

    def _collect_step(self, t: int) -> None:
        """Act once everywhere and store what came of it."""
        storage = self.storage
        storage.store_observations(t, self._current_obs())
        memory = storage.memory.actor
        step = self.policy.act(storage.observations[t], memory)
        storage.store_policy(t, step)

        # where an observation is NaN, the action is: that must not reach the simulation
        actions = torch.nan_to_num(step.actions, 0.0, 0.0, 0.0)
        self._obs, reward, done, extras = self.env.step(actions)
        done, time_outs = done.bool(), extras["time_outs"].bool()
        storage.store_ends(t, done, extras)
        torch.mul(reward, self.config.algorithm.reward_scale, out=storage.rewards[t])
        causes = extras.get("terminations", {"time_out": time_outs})
        whole = extras.get("episode_metrics", {})
        self.statistics.update(
            reward, done, extras["reward_terms"], extras["metrics"], causes, whole
        )

    def _step_from(self, t: int, observations: Observations) -> Observations:
        """Do step `t` from these observations; return the next ones."""
        self._obs = observations
        self._collect_step(t)
        return self._current_obs()

    def _in_any_process(self, flag: bool) -> bool:
        """Return whether a flag is set here or in another process."""
        return distributed.anywhere([flag], self.env.device)[0]

    def _all_accept(self) -> bool:
        """Return whether every process has a rollout to learn from."""
        return not self._in_any_process(not self.accept_rollout())

    def accept_rollout(self) -> bool:
        """Take environments with a NaN out of the full storage; return if anything is left.

        Raises:
            NonFiniteError: there is a NaN, and the configuration says to stop then.
        """
        faults = self.rollout_guard.find()
        if not faults:
            return True
        evidence = self.rollout_guard.evidence(faults)
        self.faults.record(ROLLOUT, self.iteration + 1, described(faults), evidence)
        anything_left = self.rollout_guard.exclude(faults)
        self._obs = self.rollout_guard.restart(faults)
        return anything_left

    def update(self) -> Dict[str, Tensor]:
        """Learn from the full storage; return 0-d device tensors by name."""
        self.update_guard.begin()
        batch = self.algorithm.prepare(self.storage)
        explained = explained_variance(batch.values, batch.returns)
        losses = self.algorithm.update(batch, self.progress.fraction)
        return {**losses, "explained_variance": explained}

    def finish_iteration(self, losses: Dict[str, Tensor]) -> Report:
        """Empty the storage and report; an update with a NaN is taken back.

        Args:
            losses: from `update`; empty if there was none.

        Raises:
            NonFiniteError: the update had a NaN, and the configuration says to stop then.
        """
        numbers = read_report(losses, self.storage.log_std.exp(), self.statistics)
        bad = non_finite(numbers)
        if self._in_any_process(bool(bad)):
            self._take_back(bad)
            numbers = {name: value for name, value in numbers.items() if name not in bad}
        self._step = 0
        self.progress.iteration += 1
        return {
            **self.progress.report(),
            **numbers,
            **memory_report(self.env.device),
            "faults/nan_iterations": float(self.faults.count),
        }

    def _take_back(self, bad: Report) -> None:
        """Undo the update and name the gradient step that spoiled it."""
        self.update_guard.undo()
        step, terms = first_bad_step(self.algorithm, self.update)
        self.update_guard.undo()
        names = [LEARNING + term for term in terms] or list(bad)
        where = f" at gradient step {step}" if terms else ""
        evidence = self.update_guard.evidence(self.storage)
        self.faults.record(UPDATE, self.iteration + 1, ", ".join(names) + where, evidence)

    def _current_obs(self) -> Observations:
        if self._obs is None:
            raise RuntimeError("the environments were not started; call learn()")
        return self._obs

    def state_dict(self) -> Checkpoint:
        """Return everything that the next step depends on."""
        return {
            "networks": self.actor_critic.state_dict(),
            "algorithm": self.algorithm.state_dict(),
            "env": self.env.state_dict(),
            "statistics": self.statistics.state_dict(),
            "rollout": self.storage.state_dict(self._step),
            **self._saved_observations(),
            "rng": rng_state(self.generator, self.env.device),
            "counters": {
                **self.progress.state_dict(),
                "step": self._step,
                "best_return": self.saver.best_return,
            },
            "sizes": self._sizes(),
            "versions": versions(),
            "config": self.run_config,
        }

    def _saved_observations(self) -> Dict[str, Tensor]:
        names = ("obs", "states") if self.actor_critic.num_states else ("obs",)
        return {name: self._current_obs()[name] for name in names}

    def load(self, path: Union[str, Path]) -> Mapping[str, Any]:
        """Continue from a checkpoint instead of the environments' reset.

        Args:
            path: written by a run of the same task with as many environments.

        Returns:
            The configuration of the run that wrote it; empty if that is not known.

        Raises:
            CheckpointError: it cannot be used; the message says why.
        """
        remove_leftovers(Path(path).parent)
        state = load_checkpoint(path, self.env.device)
        check_task(state.get("config", {}), self.run_config, path)
        check_whole(state, path)
        load_networks(state, self.actor_critic, path)
        check_sizes({"processes": 1, **state["sizes"]}, self._sizes(), path)
        warn_of_versions(state.get("versions", {}), path)
        self.algorithm.load_state_dict(state["algorithm"])
        counters = state["counters"]
        self.progress.load_state_dict(counters)
        self._step, self.saver.best_return = counters["step"], counters["best_return"]
        own = self._state_of_this_process(state, Path(path))
        if own is not None:
            self._load_environments(own, path)
        saved = state.get("config", {})
        if other_task_settings(saved, self.run_config):
            self.statistics.forget_finished()
            self.saver.forget_best()
        return saved

    def _state_of_this_process(self, shared: Checkpoint, path: Path) -> Optional[Checkpoint]:
        """Return what holds this process's environments: rank 0's file or, beside it, an own one.

        None where there is none of the same iteration: then new episodes begin.
        """
        rank = distributed.rank()
        if rank == 0:
            return shared
        path = distributed.rank_file(path, rank)
        own = load_checkpoint(path, self.env.device) if path.is_file() else None
        if own is None or own["counters"]["iteration"] != self.iteration:
            _log.warning("no %s of iteration %d: new episodes begin", path, self.iteration)
            return None
        return own

    def _load_environments(self, state: Checkpoint, path: Union[str, Path]) -> None:
        """Restore all that is not the same in every process."""
        try:
            first = self.env.load_state_dict(state["env"])
        except ValueError as error:
            saved = state.get("config", {})
            raise unfit_environments(saved, self.run_config, path, error) from error
        self.statistics.load_state_dict(state["statistics"])
        self.storage.load_state_dict(state["rollout"])
        self._obs = {name: state[name] for name in ("obs", "states") if name in state}
        if first is not None:
            self._begin_anew(first)
        restore_rng(state["rng"], self.generator, self.env.device)

    def _begin_anew(self, first: Observations) -> None:
        """Drop what belongs to episodes that cannot go on: the unfinished rollout and its sums."""
        everywhere = torch.ones(self.env.num_envs, dtype=torch.bool, device=self.env.device)
        self.storage.cut_episodes(everywhere)
        self.statistics.forget_rollout()
        self._step, self._obs = 0, first

    def _sizes(self) -> Dict[str, int]:
        return {
            "num_envs": self.env.num_envs,
            "horizon": self.config.runner.horizon,
            "num_obs": self.env.num_obs,
            "num_actions": self.env.num_actions,
            "trained_tensors": len(self.algorithm.parameters),
            "processes": distributed.world_size(),
        }
