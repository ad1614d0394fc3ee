from tests.cli.conftest import cli, custom, small, two

__all__ = ["cli", "custom", "small", "two"]
