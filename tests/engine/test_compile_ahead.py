"""Kernels that launches on the CPU compile for a GPU that is not there."""

import pytest

pytest.importorskip("mujoco_warp")

import warp as wp
from isaacgym import gymapi
from mujoco_warp._src import collision_convex, solver, types

from humanoid_gym.engine.backend import compile_ahead as ahead
from humanoid_gym.engine.backend.warp_arrays import init_warp

BLOCK = 64


@wp.kernel(module="unique", enable_backward=False)
def scale(values: wp.array(dtype=float), factor: float):
    values[wp.tid()] = factor * values[wp.tid()]


@wp.kernel(module="unique", enable_backward=False)
def sums(values: wp.array(dtype=float), total: wp.array(dtype=float)):
    tile = wp.tile_load(values, shape=4)
    wp.tile_store(total, wp.tile_sum(tile))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    init_warp()  # which would replace the folder
    monkeypatch.setattr(wp.config, "kernel_cache_dir", str(tmp_path))
    replaced = {  # put back afterwards
        wp: ("launch", "launch_tiled", "get_suggested_block_size"),
        collision_convex: ("_ccd_grid_size",),
        solver: ("_JTDACJ_sparse",),
    }
    for module, names in replaced.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))
    ahead.compile_ahead.cache_clear()
    yield tmp_path
    ahead.compile_ahead.cache_clear()


def binary(cache, module, block_dim):
    """Where Warp looks on a GPU of compute capability 9.0, by its own name of the module."""
    name = module.get_module_identifier(block_dim)
    return cache / name / f"{name}.sm90.cubin"


def test_each_launch_leaves_what_a_gpu_will_look_for(cache):
    ahead.compile_ahead("90")
    values = wp.array([1.0, 2.0, 3.0, 4.0], dtype=float, device="cpu")
    total = wp.zeros(1, dtype=float, device="cpu")
    wp.launch(scale, dim=4, inputs=[values, 2.0], device="cpu")
    wp.launch_tiled(sums, dim=1, inputs=[values, total], block_dim=BLOCK, device="cpu")
    assert values.numpy().tolist() == [2.0, 4.0, 6.0, 8.0]
    assert total.numpy().tolist() == [20.0]
    for kernel, block in ((scale, 256), (sums, BLOCK)):
        code = binary(cache, kernel.module, block).read_bytes()
        assert code.startswith(b"\x7fELF")
        assert kernel.key.encode() in code
    assert len(list(cache.rglob("*.cubin"))) == 2


def test_questions_that_load_kernels_on_a_gpu_compile_them(cache):
    ahead.compile_ahead("90")
    assert wp.get_suggested_block_size(scale, "cpu") == (1, 1)
    assert binary(cache, scale.module, 256).is_file()
    values = wp.array([1.0, 2.0, 3.0, 4.0], dtype=float, device="cpu")
    total = wp.zeros(1, dtype=float, device="cpu")
    assert collision_convex._ccd_grid_size(sums, 40, total.device) == 40
    assert binary(cache, sums.module, 256).is_file()
    wp.launch_tiled(sums, dim=1, inputs=[values, total], block_dim=BLOCK, device="cpu")
    assert binary(cache, sums.module, BLOCK).is_file()


def test_blocks_of_one_thread_are_those_of_a_gpu(cache):
    ahead.compile_ahead("90")
    values = wp.zeros(2, dtype=float, device="cpu")
    wp.launch(scale, dim=2, inputs=[values, 2.0], block_dim=1, device="cpu")
    assert binary(cache, scale.module, 128).is_file()
    elliptic = types.ConeType.ELLIPTIC
    kernel = solver._JTDACJ_sparse(False, elliptic, 3, 1)
    in_warps = solver._JTDACJ_sparse(False, elliptic, 3, 32)
    assert kernel.module is not in_warps.module
    assert binary(cache, in_warps.module, 32).is_file()


def test_a_module_in_the_cache_is_not_compiled_again(cache):
    ahead.compile_ahead("90")
    values = wp.zeros(2, dtype=float, device="cpu")
    wp.launch(scale, dim=2, inputs=[values, 2.0], device="cpu")
    path = binary(cache, scale.module, 256)
    before = path.stat().st_mtime_ns
    wp.launch(scale, dim=2, inputs=[values, 2.0], device="cpu")
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("capability", ["9.0", "sm_90", "42", "ninety"])
def test_other_capabilities_are_refused(cache, capability):
    with pytest.raises(ValueError, match=f"HUMANOID_GYM_COMPILE_FOR: .*90.*got '{capability}'"):
        ahead.compile_ahead(capability)


def test_the_variable_chooses_warp(monkeypatch):
    monkeypatch.delenv("HUMANOID_GYM_BACKEND", raising=False)
    monkeypatch.setenv("HUMANOID_GYM_COMPILE_FOR", "90")
    sim = gymapi.acquire_gym().create_sim(0, -1, gymapi.SIM_PHYSX, gymapi.SimParams())
    assert sim.scene.backend_choice.warp
    gymapi.acquire_gym().destroy_sim(sim)


def test_it_contradicts_mujoco(monkeypatch):
    monkeypatch.setenv("HUMANOID_GYM_BACKEND", "mujoco")
    monkeypatch.setenv("HUMANOID_GYM_COMPILE_FOR", "90")
    with pytest.raises(
        ValueError, match=r"HUMANOID_GYM_COMPILE_FOR .* HUMANOID_GYM_BACKEND=mujoco"
    ):
        gymapi.acquire_gym().create_sim(0, -1, gymapi.SIM_PHYSX, gymapi.SimParams())
