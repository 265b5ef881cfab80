"""Puts a trained policy among those that come with the package (`resources/policies/`).

    python benchmarks/pretrained.py runs/humanoid_legs/<time>/checkpoints/last.pt humanoid_legs

What a training needs to go on is left out: optimizer, simulation, random numbers.
"""

import argparse
from pathlib import Path

import yaml

from humanoid_gym.cli import pretrained, run_folder
from humanoid_gym.rl.checkpoint import load_checkpoint, save_checkpoint

KEPT = ("networks", "counters", "sizes", "versions", "config")
OF_THE_RUN = {"device": "auto", "experiment": "", "logger": None, "checkpoint": None}
"""Settings of the training's machine and folder."""


def main() -> None:
    """Read the command line, write the policy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("name")
    options = parser.parse_args()
    content = load_checkpoint(options.checkpoint)
    settings = {**run_folder.read_config(options.checkpoint), **OF_THE_RUN}
    folder = pretrained.FOLDER / options.name
    policy = {name: content[name] for name in KEPT}
    policy["config"] = {**policy["config"], **OF_THE_RUN}
    save_checkpoint(folder / pretrained.POLICY, policy)
    text = yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=100)
    (folder / run_folder.CONFIG_FILE).write_text(text, encoding="utf-8")
    size = (folder / pretrained.POLICY).stat().st_size
    iteration = content["counters"]["iteration"]
    print(f"{folder / pretrained.POLICY}: iteration {iteration}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
