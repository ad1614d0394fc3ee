"""Shared settings: hypothesis without deadlines (the first call compiles) and derandomized."""

import warnings
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("intengine", deadline=None, derandomize=True)
settings.load_profile("intengine")

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of other people's models and data; tests that need it are skipped where it is absent."""
    if not (SHARED / "models").is_dir():
        pytest.skip("the shared models are not here")
    return SHARED


@pytest.fixture(autouse=True)
def _quiet_uncompiled_overflow() -> None:
    warnings.filterwarnings("ignore", "overflow encountered", RuntimeWarning)
