"""Isaac Gym's gymutil: command line, device strings and configuration dictionaries."""

import argparse
import importlib.util
import logging
from xml.etree import ElementTree

import pytest
import torch

from humanoid_gym.engine import gymutil
from humanoid_gym.engine.backend import choice
from humanoid_gym.engine.values.enums import ContactCollection, SimType, UpAxis
from humanoid_gym.engine.values.math_types import Vec3
from humanoid_gym.engine.values.parameters import SimParams

DOCUMENTED = """parse_arguments parse_device_str parse_sim_config parse_flex_config
parse_physx_config parse_float_int_bool parse_bool LineGeometry AxesGeometry WireframeBoxGeometry
WireframeBBoxGeometry WireframeSphereGeometry draw_lines draw_line get_property_setter_map
get_property_getter_map get_default_setter_args generate_random_samples get_bucketed_val
apply_random_samples check_buckets _indent_xml""".split()  # noqa: SIM905


@pytest.fixture
def command_line(monkeypatch):
    """Parse an argument list, on a machine with or without physics on a GPU."""

    def parse(*arguments, gpu=False, cuda=False, **options):
        monkeypatch.setattr("sys.argv", ["train.py", *arguments])
        monkeypatch.delenv("HUMANOID_GYM_BACKEND", raising=False)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda or gpu)
        spec = object() if gpu else None
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
        monkeypatch.setattr(choice, "what_warp_lacks", lambda: None)
        return gymutil.parse_arguments(**options)

    return parse


def test_defaults_with_gpu_physics(command_line, caplog):
    args = command_line(gpu=True)
    assert (args.sim_device, args.pipeline, args.graphics_device_id) == ("cuda:0", "gpu", 0)
    assert (args.sim_device_type, args.compute_device_id) == ("cuda", 0)
    assert args.use_gpu is args.use_gpu_pipeline is True
    assert args.physics_engine is SimType.SIM_PHYSX
    assert (args.num_threads, args.subscenes, args.slices) == (0, 0, 0)
    assert not caplog.records


def test_defaults_without_cuda_become_cpu_with_one_notice(command_line, caplog):
    custom = [{"name": "--rl_device", "type": str, "default": "cuda:0"}]
    args = command_line(custom_parameters=custom)
    assert (args.sim_device, args.pipeline, args.rl_device) == ("cpu", "cpu", "cpu")
    assert args.use_gpu is args.use_gpu_pipeline is False
    assert len(caplog.records) == 1
    assert "now the CPU: PyTorch sees no CUDA device: " in caplog.text


def test_with_cuda_but_without_gpu_physics_only_the_learner_stays_on_the_gpu(command_line, caplog):
    custom = [{"name": "--rl_device", "type": str, "default": "cuda:0"}]
    args = command_line(cuda=True, custom_parameters=custom)
    assert (args.sim_device, args.pipeline, args.rl_device) == ("cpu", "cpu", "cuda:0")
    assert 'MuJoCo Warp is not installed: pip install "humanoid-gym[gpu]"' in caplog.text


def test_explicit_cpu_is_silent(command_line, caplog):
    args = command_line("--sim_device", "cpu:0", "--pipeline", "cpu")
    assert (args.sim_device_type, args.compute_device_id) == ("cpu", 0)
    assert not caplog.records


@pytest.mark.parametrize("request_", [("--sim_device", "cuda:0"), ("--pipeline", "gpu")])
def test_explicit_cuda_without_cuda_is_an_error(command_line, capsys, request_):
    with pytest.raises(SystemExit) as exit_:
        command_line(*request_)
    assert exit_.value.code == 2
    message = capsys.readouterr().err
    assert "need physics on a GPU, but PyTorch sees no CUDA device" in message
    assert "use --sim_device cpu --pipeline cpu" in message


def test_gpu_pipeline_over_cpu_physics_falls_back(command_line, caplog):
    args = command_line("--sim_device", "cpu", gpu=True)
    assert (args.pipeline, args.use_gpu_pipeline) == ("cpu", False)
    assert "physics runs on the CPU" in caplog.text


def test_flex_needs_a_gpu(command_line, caplog):
    args = command_line("--flex", "--sim_device", "cpu", "--pipeline", "gpu", gpu=True)
    assert (args.sim_device, args.use_gpu, args.use_gpu_pipeline) == ("cuda:0", True, True)
    assert "Flex needs a GPU" in caplog.text
    assert command_line("--flex").sim_device == "cpu"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--sim_device", "tpu"), "'tpu' is none of cpu, cuda, cuda:N"),
        (("--pipeline", "fast"), "'fast' is none of cpu, gpu, cuda"),
    ],
)
def test_wrong_devices_fail_as_in_isaac_gym(command_line, arguments, complaint):
    with pytest.raises(AssertionError, match=complaint):
        command_line(*arguments, gpu=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--flex", "--physx"), "not allowed with"),
        (("--num_threads", "many"), "invalid int value"),
    ],
)
def test_wrong_arguments_end_with_a_message(command_line, capsys, arguments, complaint):
    with pytest.raises(SystemExit):
        command_line(*arguments, gpu=True)
    assert complaint in capsys.readouterr().err


def test_switches_and_derived_values(command_line):
    args = command_line(
        *("--flex", "--subscenes", "4", "--sim_device", "cuda:2", "--nographics"),
        gpu=True,
        headless=True,
        no_graphics=True,
    )
    assert args.physics_engine is SimType.SIM_FLEX
    assert args.slices == 4
    assert args.compute_device_id == 2
    assert args.headless is True
    assert command_line("--slices", "3", "--subscenes", "4").slices == 3
    assert not hasattr(command_line(), "headless")


def test_custom_parameters(command_line, caplog):
    custom = [
        {"name": "--num_envs", "type": int, "help": "environments"},
        {"name": "--task", "type": str, "default": "ant"},
        {"name": "--resume", "action": "store_true", "default": True},
        {"name": "--broken"},
        {"type": int},
    ]
    with caplog.at_level(logging.ERROR):
        args = command_line("--num_envs", "8", custom_parameters=custom)
    assert (args.num_envs, args.task, args.resume) == (8, "ant", False)
    assert not hasattr(args, "broken")
    assert sum("skipped" in record.message for record in caplog.records) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpu", ("cpu", 0)),
        ("cpu:0", ("cpu", 0)),
        ("cuda", ("cuda", 0)),
        ("cuda:0", ("cuda", 0)),
        ("cuda:11", ("cuda", 11)),
    ],
)
def test_device_strings(text, expected):
    assert gymutil.parse_device_str(text) == expected


@pytest.mark.parametrize("text", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:1", "cuda:0 "])
def test_wrong_device_strings(text):
    with pytest.raises((AssertionError, ValueError), match="none of cpu, cuda, cuda:N"):
        gymutil.parse_device_str(text)


def test_bools():
    assert all(gymutil.parse_bool(value) for value in (True, 1, "True", "yes", "T", "y", "1"))
    assert not any(gymutil.parse_bool(value) for value in (False, 0, "false", "No", "f", "0"))
    for value in ("maybe", None, [], ""):
        with pytest.raises(argparse.ArgumentTypeError, match="truth value expected"):
            gymutil.parse_bool(value)


def test_sim_config():
    params = SimParams()
    config = {
        "dt": "5e-3",
        "substeps": 1,
        "up_axis": 1,
        "gravity": [0, 0, -9.81],
        "use_gpu_pipeline": "False",
        "unknown": {"anything": 1},
        "physx": {
            "num_threads": 10,
            "solver_type": "0",
            "contact_offset": 0.01,
            "max_gpu_contact_pairs": "8.388608e6",
            "contact_collection": 1,
            "use_gpu": True,
            "elsewhere": 3,
        },
        "flex": {"num_inner_iterations": 7, "warm_start": 0.25},
    }
    gymutil.parse_sim_config(config, params)
    assert params.dt == torch.tensor(0.005).item()
    assert params.up_axis is UpAxis.UP_AXIS_Z
    assert params.gravity == Vec3(0, 0, -9.81)
    assert params.use_gpu_pipeline is False
    physx = params.physx
    assert (physx.num_threads, physx.solver_type, physx.max_gpu_contact_pairs) == (10, 0, 2**23)
    assert physx.contact_collection is ContactCollection.CC_LAST_SUBSTEP
    assert (physx.contact_offset, physx.use_gpu) == (0.01, True)
    assert (params.flex.num_inner_iterations, params.flex.warm_start) == (7, 0.25)
    assert params.substeps == 1


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"dt": "fast"}, "dt = 'fast'"),
        ({"gravity": [0, 0]}, "gravity.*3 values, got 2"),
        ({"up_axis": 3}, "up_axis = 3.*UP_AXIS_Z"),
        ({"physx": {"use_gpu": "perhaps"}}, "use_gpu = 'perhaps'"),
    ],
)
def test_wrong_sim_config_names_the_key(config, complaint):
    with pytest.raises(ValueError, match=complaint):
        gymutil.parse_sim_config(config, SimParams())


def test_indent_xml():
    root = ElementTree.fromstring("<a><b><c/></b></a>")
    gymutil._indent_xml(root)
    assert ElementTree.tostring(root).decode() == "<a>\n  <b>\n    <c />\n  </b>\n</a>"


def test_every_documented_name_is_exported():
    assert set(gymutil.__all__) == set(DOCUMENTED)
    assert all(hasattr(gymutil, name) for name in DOCUMENTED)
