# MuJoCo ships compiled modules without type information: every name is Any here.
from typing import Any

def __getattr__(name: str) -> Any: ...
