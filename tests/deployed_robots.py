"""Small descriptions of robots, and policies for them that can be worked out by hand."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from humanoid_gym.deployment import (
    Actuator,
    Deployment,
    Joint,
    ObservationEntry,
    SafetyLimits,
)

PERIOD = 0.02


def actuator(joint, **changes):
    values = {
        "scale": 0.5,
        "max_torque": 10.0,
        "max_velocity": 5.0,
        "stiffness": 40.0,
        "damping": 1.0,
        "max_rate": 4.0,
        "stop_position": 0.3,
        "stop_stiffness": 20.0,
        "stop_damping": 2.0,
    }
    return Actuator(joint, **{**values, **changes})


def two_joints(command="position", safety=None, **changes):
    """Joints `a` in [-1, 1] and `b` in [-2, 0.5]; only the limits of the filter matter."""
    return Deployment(
        task="two_joints",
        command=command,
        control_rate=1.0 / PERIOD,
        joints=(Joint("a", -1.0, 1.0), Joint("b", -2.0, 0.5)),
        actuators=(actuator("a", **changes), actuator("b", **changes)),
        observation=(
            ObservationEntry("joint_position", 2, "rad", source="joint_offset"),
            ObservationEntry("joint_velocity", 2, "rad/s", 0.1),
            ObservationEntry("action", 2, source="previous_action"),
        ),
        safety=safety or SafetyLimits(position_margin=0.1),
    )


class LinearPolicy:
    """action = clip(observation W + memory U), next memory = memory / 2 + observation V."""

    def __init__(self, deployment, memory_width=0, seed=0):
        rng = np.random.default_rng(seed)
        actions, columns = len(deployment.actuators), deployment.num_obs
        self.deployment, self.width = deployment, memory_width
        self.w = rng.normal(size=(columns, actions)).astype(np.float32)
        self.u = rng.normal(size=(memory_width, actions)).astype(np.float32)
        self.v = rng.normal(size=(columns, memory_width)).astype(np.float32)

    def respond(self, observation, memory):
        action = np.clip(observation @ self.w + memory @ self.u, -1.0, 1.0)
        return action, 0.5 * memory + observation @ self.v

    def save(self, path):
        """Write the policy as an ONNX file; no torch, no exporter."""
        inputs, outputs = (
            {"observation": len(self.w)},
            dict.fromkeys(("action", "command"), len(self.deployment.actuators)),
        )
        if self.width:
            inputs["memory"] = outputs["next_memory"] = self.width
        graph = helper.make_graph(
            self._nodes(),
            "policy",
            [_values(name, width) for name, width in inputs.items()],
            [_values(name, width) for name, width in outputs.items()],
            [numpy_helper.from_array(value, name) for name, value in self._constants().items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        helper.set_model_props(model, {"humanoid_gym.policy": self.deployment.to_json()})
        onnx.save(model, path)
        return self

    def _constants(self):
        actuators = self.deployment.actuators
        constants = {
            "w": self.w,
            "scale": np.array([a.scale for a in actuators], np.float32),
            "offset": np.array([a.offset for a in actuators], np.float32),
            "low": np.array(-1.0, np.float32),
            "high": np.array(1.0, np.float32),
        }
        if self.width:
            constants.update(u=self.u, v=self.v, half=np.array(0.5, np.float32))
        return constants

    def _nodes(self):
        node = helper.make_node
        answer = "both" if self.width else "seen"
        recalling = [
            node("MatMul", ["memory", "u"], ["recalled"]),
            node("Add", ["seen", "recalled"], ["both"]),
            node("Mul", ["memory", "half"], ["kept"]),
            node("MatMul", ["observation", "v"], ["noted"]),
            node("Add", ["kept", "noted"], ["next_memory"]),
        ]
        return [
            node("MatMul", ["observation", "w"], ["seen"]),
            *(recalling if self.width else []),
            node("Clip", [answer, "low", "high"], ["action"]),
            node("Mul", ["action", "scale"], ["scaled"]),
            node("Add", ["scaled", "offset"], ["command"]),
        ]


def _values(name, width):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
