"""Scaling of integer sums to float32, 16 at a time: plain Python, and vector IR where it is compiled."""

import numpy as np
from numba import types
from numba.extending import intrinsic

from intengine_kernels.fma import fma32
from intengine_kernels.isa.ir import call, const, splat
from intengine_kernels.isa.vectors import INTS, LANES, REALS, clamp, load, store, store_part
from intengine_kernels.jit import twin_of

#: out = sum * (s * s_w) + bias; (sum * s_w) * s + bias; fma(sum * s, s_w, bias).
SCALES_FIRST, FILTER_FIRST, FUSED = 0, 1, 2
#: FILTER_FIRST in whole blocks of 4 channels, (sum * s) * s_w + bias in those behind; of depthwise convolutions.
BLOCKS_OF_4 = 3


def make_scale(order):
    """A function that scales up to 16 sums in that order."""

    def scale(acc, acc_at, zero_point, input_scale, row_sum, filter_scale, bias, at, lo, hi, out, out_at, count):
        """out[out_at + n] = clamp((acc[acc_at + n] - zero_point * row_sum[at + n]) scaled + bias) for n < count, 16.

        Args:
            acc: int32. zero_point: int32, the difference wraps. input_scale: float32.
            row_sum: int32, filter_scale, bias: float32. lo, hi: float32. out: flat float32.
        """
        with np.errstate(all="ignore"):
            for n in range(min(count, LANES)):
                total = np.float32(np.int32(acc[acc_at + n] - np.int32(zero_point * row_sum[at + n])))
                factor = filter_scale[at + n]
                if order == SCALES_FIRST:
                    value = np.float32(total * np.float32(input_scale * factor) + bias[at + n])
                elif order == FILTER_FIRST:
                    value = np.float32(np.float32(total * factor) * input_scale + bias[at + n])
                else:
                    value = fma32(np.float32(total * input_scale), factor, bias[at + n])
                value = lo if value < lo else value
                out[out_at + n] = hi if hi < value else value

    @intrinsic
    def scale_lanes(
        typingctx, acc, acc_at, zero_point, input_scale, row_sum, filter_scale, bias, at, lo, hi, out, out_at, count
    ):
        i64, f32 = types.int64, types.float32
        signature = types.void(
            acc, i64, types.int32, f32, row_sum, filter_scale, bias, i64, f32, f32, out, i64, i64
        )  # fmt: skip

        def codegen(context, builder, signature, args):
            def place(i, at):
                return builder.gep(context.make_array(signature.args[i])(context, builder, args[i]).data, [at])

            at, count = args[7], args[12]
            sums = load(builder, place(0, args[1]), INTS)
            offset = builder.mul(load(builder, place(4, at), INTS), splat(builder, args[2], INTS))
            total = builder.sitofp(builder.sub(sums, offset), REALS)
            factor, bias = (load(builder, place(i, at), REALS) for i in (5, 6))
            input_scale = splat(builder, args[3], REALS)
            if order == SCALES_FIRST:
                value = builder.fadd(builder.fmul(total, builder.fmul(input_scale, factor)), bias)
            elif order == FILTER_FIRST:
                value = builder.fadd(builder.fmul(builder.fmul(total, factor), input_scale), bias)
            else:
                value = call(builder, "llvm.fma.v16f32", REALS, builder.fmul(total, input_scale), factor, bias)
            value = clamp(builder, value, args[8], args[9])
            to = place(10, args[11])
            with builder.if_else(builder.icmp_signed(">=", count, const(LANES))) as (whole, part):
                with whole:
                    store(builder, value, to)
                with part:
                    store_part(builder, value, to, count)
            return context.get_dummy_value()

        return signature, codegen

    return twin_of(scale_lanes)(scale)
