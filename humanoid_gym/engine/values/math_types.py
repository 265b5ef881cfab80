"""Vectors, quaternions and transforms of Isaac Gym's interface.

Quaternions are stored x, y, z, w. Every type has a structured NumPy `dtype` with the same field
names (float32), accepts anything `float()` accepts as a component, and can be copied and pickled.
"""

import math
from typing import Any, ClassVar, Self

import numpy as np

from humanoid_gym.engine.values.fields import FloatField, IntField, Record, RecordField

__all__ = [
    "DofFrame",
    "Int2",
    "Int3",
    "Mat33",
    "Mat44",
    "Quat",
    "SpatialForce",
    "Transform",
    "Vec2",
    "Vec3",
    "Velocity",
]


class MathType(Record):
    """A record of numbers that is also a structured NumPy scalar."""

    dtype: ClassVar[np.dtype[Any]]
    """Structured type with one field per attribute; numbers are float32 or int32."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        columns: list[tuple[str, Any]] = []
        for name, field in cls._fields.items():
            if isinstance(field, RecordField):
                columns.append((name, type(field.default).dtype))
            else:
                columns.append((name, np.int32 if isinstance(field, IntField) else np.float32))
        cls.dtype = np.dtype(columns)

    def to_array(self) -> np.ndarray:
        """All numbers in order, nested ones too, shape (count,), float32 or int32."""
        flat = np.array([nested_values(self)], dtype=self.dtype)
        return flat.view(np.int32 if isinstance(self, (Int2, Int3)) else np.float32).reshape(-1)

    @classmethod
    def from_buffer(cls, buffer: Any) -> "Self | list[Self]":  # noqa: ANN401 (any object with the buffer protocol)
        """Value stored in a buffer of `dtype`; a list where the buffer holds several.

        Raises:
            ValueError: the buffer's size is not a multiple of the type's.
        """
        raw = np.ascontiguousarray(np.asarray(buffer)).tobytes()
        if not raw or len(raw) % cls.dtype.itemsize:
            raise ValueError(
                f"{cls.__name__}.from_buffer: {len(raw)} bytes given, "
                f"a multiple of {cls.dtype.itemsize} expected"
            )
        rows = [cls(*row) for row in np.frombuffer(raw, cls.dtype).tolist()]
        return rows[0] if len(rows) == 1 else rows


def nested_values(record: MathType) -> tuple[Any, ...]:
    """The attributes' values, nested records as tuples."""
    values = (getattr(record, name) for name in record._fields)
    return tuple(nested_values(value) if isinstance(value, MathType) else value for value in values)


class Vec2(MathType):
    """Two numbers."""

    x = FloatField(0.0)
    y = FloatField(0.0)


class Int2(MathType):
    """Two whole numbers."""

    x = IntField(0)
    y = IntField(0)


class Int3(MathType):
    """Three whole numbers."""

    x = IntField(0)
    y = IntField(0)
    z = IntField(0)


class Vec3(MathType):
    """Vector in three dimensions."""

    x = FloatField(0.0)
    y = FloatField(0.0)
    z = FloatField(0.0)

    def __add__(self, other: "Vec3") -> "Vec3":
        if not isinstance(other, Vec3):
            return NotImplemented
        return Vec3(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other: "Vec3") -> "Vec3":
        if not isinstance(other, Vec3):
            return NotImplemented
        return Vec3(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor: float) -> "Vec3":
        if isinstance(factor, Record):
            return NotImplemented
        return Vec3(self.x * factor, self.y * factor, self.z * factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> "Vec3":
        if isinstance(divisor, Record):
            return NotImplemented
        return Vec3(self.x / divisor, self.y / divisor, self.z / divisor)

    def __neg__(self) -> "Vec3":
        return Vec3(-self.x, -self.y, -self.z)

    def dot(self, other: "Vec3") -> float:
        """Scalar product."""
        return self.x * other.x + self.y * other.y + self.z * other.z

    def cross(self, other: "Vec3") -> "Vec3":
        """Vector product."""
        return Vec3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )

    def length_sq(self) -> float:
        """Squared Euclidean length."""
        return self.dot(self)

    def length(self) -> float:
        """Euclidean length."""
        return math.sqrt(self.dot(self))

    def normalize(self) -> "Vec3":
        """Unit vector of the same direction; the zero vector stays zero."""
        length = self.length()
        return self / length if length > 0.0 else Vec3()


class Quat(MathType):
    """Rotation as a quaternion x, y, z, w; the identity by default."""

    x = FloatField(0.0)
    y = FloatField(0.0)
    z = FloatField(0.0)
    w = FloatField(1.0)

    @staticmethod
    def from_axis_angle(axis: Vec3, angle: float) -> "Quat":
        """Rotation by angle [rad] about an axis of any length.

        Raises:
            ValueError: the axis is zero.
        """
        unit = axis.normalize()
        if unit == Vec3():
            raise ValueError("Quat.from_axis_angle: the axis has zero length")
        half = 0.5 * float(angle)
        sine = math.sin(half)
        return Quat(unit.x * sine, unit.y * sine, unit.z * sine, math.cos(half))

    @staticmethod
    def from_euler_zyx(roll: float, pitch: float, yaw: float) -> "Quat":
        """Rotation about x by roll, then the fixed y by pitch, then the fixed z by yaw [rad]."""
        about_x = Quat(math.sin(0.5 * float(roll)), 0.0, 0.0, math.cos(0.5 * float(roll)))
        about_y = Quat(0.0, math.sin(0.5 * float(pitch)), 0.0, math.cos(0.5 * float(pitch)))
        about_z = Quat(0.0, 0.0, math.sin(0.5 * float(yaw)), math.cos(0.5 * float(yaw)))
        return about_z * about_y * about_x

    def to_euler_zyx(self) -> tuple[float, float, float]:
        """(roll, pitch, yaw) [rad] as `from_euler_zyx` takes them; pitch in [-pi/2, pi/2]."""
        x, y, z, w = self.x, self.y, self.z, self.w
        roll = math.atan2(2.0 * (w * x + y * z), w * w + z * z - x * x - y * y)
        pitch = math.asin(max(-1.0, min(1.0, 2.0 * (w * y - x * z))))
        yaw = math.atan2(2.0 * (w * z + x * y), w * w + x * x - y * y - z * z)
        return roll, pitch, yaw

    def __mul__(self, other: "Quat") -> "Quat":
        if not isinstance(other, Quat):
            return NotImplemented
        a, b = self, other
        return Quat(
            a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
            a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
            a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w,
            a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
        )

    def inverse(self) -> "Quat":
        """Rotation by the opposite angle; assumes unit length."""
        return Quat(-self.x, -self.y, -self.z, self.w)

    def normalize(self) -> "Quat":
        """The same rotation at unit length; zero becomes the identity."""
        norm = math.sqrt(self.x**2 + self.y**2 + self.z**2 + self.w**2)
        if norm == 0.0:
            return Quat()
        return Quat(self.x / norm, self.y / norm, self.z / norm, self.w / norm)

    def rotate(self, vector: Vec3) -> Vec3:
        """Vector turned by this rotation; assumes unit length."""
        axis = Vec3(self.x, self.y, self.z)
        double = axis.cross(vector) * 2.0
        return vector + double * self.w + axis.cross(double)


class Transform(MathType):
    """Pose: a point is rotated by r, then moved by p."""

    p = RecordField(Vec3())
    r = RecordField(Quat())

    def __mul__(self, other: "Transform") -> "Transform":
        if not isinstance(other, Transform):
            return NotImplemented
        return Transform(self.transform_point(other.p), self.r * other.r)

    def inverse(self) -> "Transform":
        """Transform that undoes this one."""
        back = self.r.inverse()
        return Transform(-back.rotate(self.p), back)

    def transform_point(self, point: Vec3) -> Vec3:
        """Point rotated and moved."""
        return self.r.rotate(point) + self.p

    def transform_vector(self, vector: Vec3) -> Vec3:
        """Vector rotated only."""
        return self.r.rotate(vector)

    def transform_points(self, points: np.ndarray) -> np.ndarray:
        """Points rotated and moved: an array of `Vec3.dtype` and any shape gives another."""
        return _apply(self.r, self.p, points)

    def transform_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors rotated only: an array of `Vec3.dtype` and any shape gives another."""
        return _apply(self.r, Vec3(), vectors)


def _apply(rotation: Quat, offset: Vec3, points: np.ndarray) -> np.ndarray:
    points = np.asarray(points)
    if points.dtype != Vec3.dtype:
        raise ValueError(f"an array of Vec3.dtype expected, got dtype {points.dtype}")
    to_x, to_y, to_z = (rotation.rotate(unit) for unit in (Vec3(1), Vec3(0, 1), Vec3(0, 0, 1)))
    x, y, z = points["x"], points["y"], points["z"]
    moved = np.empty(points.shape, Vec3.dtype)
    moved["x"] = to_x.x * x + to_y.x * y + to_z.x * z + offset.x
    moved["y"] = to_x.y * x + to_y.y * y + to_z.y * z + offset.y
    moved["z"] = to_x.z * x + to_y.z * y + to_z.z * z + offset.z
    return moved


class Velocity(MathType):
    """Linear [m/s] and angular [rad/s] velocity."""

    linear = RecordField(Vec3())
    angular = RecordField(Vec3())


class DofFrame(MathType):
    """Anchor point [m] and unit axis of a degree of freedom."""

    origin = RecordField(Vec3())
    axis = RecordField(Vec3())


class SpatialForce(MathType):
    """Force [N] and torque [N m]."""

    force = RecordField(Vec3())
    torque = RecordField(Vec3())


class Mat33(MathType):
    """3 x 3 matrix of rows x, y, z."""

    x = RecordField(Vec3())
    y = RecordField(Vec3())
    z = RecordField(Vec3())


class Mat44(MathType):
    """4 x 4 matrix of rows x, y, z, w; the zero matrix by default."""

    x = RecordField(Quat(0.0, 0.0, 0.0, 0.0))
    y = RecordField(Quat(0.0, 0.0, 0.0, 0.0))
    z = RecordField(Quat(0.0, 0.0, 0.0, 0.0))
    w = RecordField(Quat(0.0, 0.0, 0.0, 0.0))
