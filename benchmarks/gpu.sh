#!/usr/bin/env bash
# Every GPU test and benchmark in one go, under ten minutes on a bare CUDA machine.
#
#     benchmarks/gpu.sh                          results in $OUT, or in ./gpu_results
#     benchmarks/gpu.sh --parts walking rough    only those; rough terrain is not in the ten minutes
#     benchmarks/gpu.sh --device cpu --envs 8    dry run on Warp's CPU device, with tiny sizes
#
# The ten minutes include the compilation of kernels. Elsewhere, without a GPU, a run of a few steps compiles
# them ahead (HUMANOID_GYM_COMPILE_FOR in docs/engine.md): bring that cache and name it in WARP_CACHE_PATH.
#
# Installs nothing: PyTorch for CUDA and what setup.py names (of the rest mujoco, mujoco-warp,
# warp-lang, trimesh, hydra-core, omegaconf and tensorboard; for the tests pytest and pytest-xdist)
# have to be there, or on PYTHONPATH. Writes results.json, results.md (a table) and log.txt.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
cd "$root"
exec "${PYTHON:-python3}" benchmarks/gpu.py --out "${OUT:-gpu_results}" "$@"
