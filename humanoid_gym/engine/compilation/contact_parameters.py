"""How contacts, joint limits and the solver are set: one table for every scene.

PhysX's contacts are rigid and act over one substep. MuJoCo's are springs; the values below make
them as stiff as a substep of 1/120 s resolves, and they were chosen by the physics tests (resting
height, load on the feet, sliding angle, stable stacks), not per task.
"""

import mujoco

INTEGRATOR = mujoco.mjtIntegrator.mjINT_DISCRETE
"""Solves drives, springs and contacts together and implicitly in position, as PhysX does."""

CONE = mujoco.mjtCone.mjCONE_ELLIPTIC
"""Friction cone."""

IMPRATIO = 10.0
"""Friction impedance over normal impedance: higher values creep less.

At 1 the feet of a standing legged_gym ANYmal (50 kg on light legs, a friction force of half the
limit) slide 20 mm/s apart and the robot sinks by 25 mm/s; at 10 by 2, for 14 to 28 % more time
in random motion.
"""

SOLVER_ITERATIONS = 100
"""Upper bound; the Newton solver stops at `SOLVER_TOLERANCE`, usually after two or three."""

SOLVER_TOLERANCE = 1e-8

CONTACT_SOLREF = (0.02, 1.0)
"""Time constant [s] and damping ratio of a contact."""

CONTACT_SOLIMP = (0.9, 0.95, 0.001, 0.5, 2.0)
"""Impedance at zero and full depth, depth [m], midpoint, power."""

LIMIT_SOLREF = (0.001, 1.0)
"""Time constant [s] and damping ratio of a joint limit.

Shorter than any substep: the integrator replaces it by the stiffest limit that the substep
resolves without a rebound, the nearest to PhysX's hard ones."""

LIMIT_SOLIMP = (0.9, 0.95, 0.001, 0.5, 2.0)
"""Impedance of a joint limit."""

CONTACT_DIMENSIONS = 3
"""Normal and two tangential directions: Isaac Gym's contacts have no torsional friction."""

DYNAMIC_PRIORITY = 1
"""Priority of moving shapes over static ones.

MuJoCo combines two frictions by the maximum, Isaac Gym by the average. A moving shape therefore
carries the average of its own friction and the ground's, and the priority makes that value win.
"""
