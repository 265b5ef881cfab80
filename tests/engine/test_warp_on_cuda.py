"""The engine's own Warp kernels for a GPU: they compile, which needs none."""

import pytest

pytest.importorskip("mujoco_warp")

import warp as wp

from humanoid_gym.engine.backend import warp_height_fields, warp_kernels


@pytest.mark.parametrize("module", [warp_kernels, warp_height_fields])
def test_kernels_compile_for_cuda(module, tmp_path, monkeypatch):
    monkeypatch.setattr(wp.config, "log_level", wp.LOG_WARNING)
    paths = wp.compile_aot_module(module, arch=90, module_dir=tmp_path, use_ptx=True)
    text = paths[0].read_text()
    for name in (key for key in vars(module) if isinstance(vars(module)[key], wp.Kernel)):
        assert f".entry {name}_" in text
