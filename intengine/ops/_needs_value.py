"""What stops the preparation of a node until a tensor is computed."""


class NeedsValue(Exception):  # noqa: N818 (a request to the planner, never seen by users)
    """A shape or parameter depends on a tensor that is only known when the model runs."""

    def __init__(self, tensor: int) -> None:
        super().__init__(tensor)
        self.tensor = tensor
