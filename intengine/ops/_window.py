"""The geometry that convolutions and pools share."""

from dataclasses import dataclass

from intengine.ops._context import NodeContext
from intengine.shapes import Shape, window_output, window_padding
from intengine.step import Reach

#: Padding of the schema.
SAME, VALID = 0, 1


@dataclass(frozen=True)
class Window:
    """A kh x kw window over [B, H, W, C]; padding is what comes before the first row and column."""

    kh: int
    kw: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_h: int
    pad_w: int
    out_h: int
    out_w: int

    @classmethod
    def of(cls, ctx: NodeContext, source: Shape, kh: int, kw: int, *, dilated: bool) -> "Window":
        """From the node's padding, stride and (if `dilated`) dilation options.

        Raises:
            InvalidModelError: for sizes below 1 or a padding that the schema does not know.
        """
        options = ctx.options
        ctx.require(options["padding"] in (SAME, VALID), "needs SAME or VALID padding", options["padding"])
        same = options["padding"] == SAME
        stride_h, stride_w = options["stride_h"], options["stride_w"]
        dilation_h = options["dilation_h_factor"] if dilated else 1
        dilation_w = options["dilation_w_factor"] if dilated else 1
        out_h = window_output(source[1], kh, stride_h, dilation_h, same)
        out_w = window_output(source[2], kw, stride_w, dilation_w, same)
        return cls(
            kh, kw, stride_h, stride_w, dilation_h, dilation_w,
            window_padding(source[1], kh, stride_h, dilation_h, out_h),
            window_padding(source[2], kw, stride_w, dilation_w, out_w),
            out_h, out_w,
        )  # fmt: skip

    @property
    def geometry(self) -> tuple[int, int, int, int, int, int]:
        """(stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w), in the order in which kernels take them."""
        return self.stride_h, self.stride_w, self.dilation_h, self.dilation_w, self.pad_h, self.pad_w

    def reach(self, source: Shape, channels: int) -> Reach:
        """Rows of the image [B, H, W, C] that an output row is made of."""
        span = (self.kh - 1) * self.dilation_h + 1
        return Reach(
            source[1], source[2] * source[3], self.out_h, self.out_w * channels, self.stride_h, self.pad_h, span
        )

    @property
    def is_pointwise(self) -> bool:
        """1 x 1 with stride 1: a plain matrix product of pixels."""
        return (self.kh, self.kw, self.stride_h, self.stride_w) == (1, 1, 1, 1)

    def overhangs(self, source: Shape) -> bool:
        """Whether a tap of some output pixel lies outside the image [B, H, W, C]."""
        below = (self.out_h - 1) * self.stride_h + (self.kh - 1) * self.dilation_h - self.pad_h
        right = (self.out_w - 1) * self.stride_w + (self.kw - 1) * self.dilation_w - self.pad_w
        return self.pad_h > 0 or self.pad_w > 0 or below >= source[1] or right >= source[2]
