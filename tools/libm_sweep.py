"""The functions of kernels/intengine_kernels/libm against the host's glibc: python tools/libm_sweep.py [--step N].

Prints how many results differ: of functions of one float32 over all 2**32 bit patterns (or every Nth), of the others
over drawn inputs. Then the tables that operators make with them, over the quantizations of all tensors of the shared
models and a sweep of scales and zero points, against tables made with glibc. NaN equals NaN. Ends with exit code 1 if
a result differs that is not known to. A host without glibc has nothing to compare with.
"""

import argparse
import ctypes
import platform
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from intengine_kernels.elementwise import exp_float, log_float, tanh_float
from intengine_kernels.functions import elu_float, gelu_erf_float, gelu_tanh_float
from intengine_kernels.libm import angle, erfc, exp, hyperbolic, log, power, root, trigonometric

import intengine
from intengine.ops._elementwise import on_float32
from intengine.ops._sigmoid16 import sigmoid_table
from intengine.ops._table import QUANTIZED, float_table, interpolated_table
from intengine.ops._table16 import table16
from tools.shared_data import SHARED

Array = np.ndarray[Any, Any]
#: What glibc itself rounds wrongly; see docs/numerics.md.
KNOWN = ("atan2",)
RNG = np.random.default_rng(0)


def of_glibc(name: str, kind: type, count: int) -> Any:
    function = getattr(ctypes.CDLL("libm.so.6"), name)
    function.argtypes, function.restype = [kind] * count, kind
    return function


def one_by_one(function: Any) -> Callable[[Array], Array]:
    """A function of one number as one of arrays."""

    @numba.njit
    def of(x, out):  # type: ignore[no-untyped-def]
        for i in range(x.size):
            out[i] = function(x[i])

    def run(x: Array) -> Array:
        out = np.empty_like(x)
        of(x.reshape(-1), out.reshape(-1))
        return out

    return run


def differing_bits(ours: Any, theirs: Any, step: int) -> tuple[int, int]:
    """(differing, compared) of functions of one float32, over every `step`th bit pattern."""

    @numba.njit(error_model="numpy")
    def run(step):  # type: ignore[no-untyped-def]
        found = 0
        x, y = np.empty(1024, np.float32), np.empty(1024, np.float32)
        for first in range(0, 2**32, 1024 * step):
            for i in range(1024):
                x[i] = np.uint32(first + i * step).view(np.float32)
            for i in range(1024):
                y[i] = ours(x[i])
            for i in range(1024):
                a, b = np.float32(y[i]), np.float32(theirs(x[i]))
                found += a.view(np.uint32) != b.view(np.uint32) and not (a != a and b != b)
        return found

    return run(step), 2**32 // step


def differing_draws(ours: Any, theirs: Any, *inputs: Array) -> tuple[int, int]:
    """(differing, compared) of functions of one or two numbers, over arrays."""
    word = np.dtype(f"u{inputs[0].itemsize}").type
    real = inputs[0].dtype.type

    @numba.njit(error_model="numpy")
    def one(x):  # type: ignore[no-untyped-def]
        found = 0
        for i in range(x.size):
            a, b = real(ours(x[i])), real(theirs(x[i]))
            found += a.view(word) != b.view(word) and not (a != a and b != b)
        return found

    @numba.njit(error_model="numpy")
    def two(x, y):  # type: ignore[no-untyped-def]
        found = 0
        for i in range(x.size):
            a, b = real(ours(x[i], y[i])), real(theirs(x[i], y[i]))
            found += a.view(word) != b.view(word) and not (a != a and b != b)
        return found

    return (one if len(inputs) == 1 else two)(*inputs), inputs[0].size


def any_bits(real: type, count: int) -> Array:
    """Numbers of any bits, infinities and NaN among them."""
    word = np.dtype(f"u{np.dtype(real).itemsize}")
    return RNG.integers(0, np.iinfo(word).max, count, word, endpoint=True).view(real)


def drawn(count: int) -> Iterable[tuple[str, Any, type, list[Array]]]:
    """(name, function, type, inputs) of all functions that have too many inputs."""
    f32, f64 = np.float32, np.float64
    few, small = count // 4, RNG.standard_normal(count // 4)
    wide = small * np.exp2(RNG.uniform(-60, 60, few))
    near = np.concatenate([any_bits(f64, few), small, wide, RNG.uniform(-745, 710, few)])
    inside = np.concatenate([RNG.uniform(-10, 10, few), RNG.uniform(-1, 1, few) * trigonometric.LIMIT, small, wide])
    inside = inside[np.abs(inside) < trigonometric.LIMIT]
    yield "exp", exp.exp, f64, [near]
    yield "log", log.log, f64, [np.concatenate([near, RNG.uniform(0.9, 1.1, few)])]
    yield "log1p", log.log1p, f64, [np.abs(near)]
    yield "sin", trigonometric.sin, f64, [inside]
    yield "cos", trigonometric.cos, f64, [inside]
    with np.errstate(all="ignore"):
        for real in (f32, f64):
            suffix = "f" if real is f32 else ""
            a, b = any_bits(real, few), any_bits(real, few)
            whole = RNG.integers(-9, 10, few)
            # Powers within the range, and whole exponents of negative numbers.
            x = np.concatenate([a, np.abs(a), -np.abs(a), np.abs(wide)]).astype(real)
            y = np.concatenate([b, RNG.uniform(-740, 740, few) / np.log(np.abs(a)), whole, small * 9]).astype(real)
            yield f"pow{suffix}", getattr(power, f"pow{suffix}"), real, [x, y]
            x = np.concatenate([a, wide, small, whole]).astype(real)
            y = np.concatenate([b, RNG.permutation(wide), RNG.permutation(small), RNG.permutation(whole)]).astype(real)
            yield f"atan2{suffix}", getattr(angle, f"atan2{suffix}"), real, [x, y]
    yield "hypot", root.hypot, f64, [x, y]


ONE = {
    "expf": exp.expf,
    "logf": log.logf,
    "expm1f": hyperbolic.expm1f,
    "tanhf": hyperbolic.tanhf,
    "sinf": trigonometric.sinf,
    "cosf": trigonometric.cosf,
    "erfcf": erfc.erfcf,
}


def functions(step: int, count: int) -> bool:
    equal = True
    for name, ours in ONE.items():
        equal &= report(name, lambda n=name, f=ours: differing_bits(f, of_glibc(n, ctypes.c_float, 1), step))
    for name, ours, real, inputs in drawn(count):
        kind = ctypes.c_float if real is np.float32 else ctypes.c_double
        theirs = of_glibc(name, kind, len(inputs))
        found = report(name, lambda f=ours, t=theirs, x=inputs: differing_draws(f, t, *x))
        equal &= found or name in KNOWN
    return equal


def record(path: Path) -> None:
    """Write inputs and results of every function, as bits: edges, and numbers drawn over the range."""
    ends = [0.0, 1.0, 0.5, 2.0, 3.0, np.inf, np.nan, 2.0**-149, 2.0**-126, 1.5, 0.75, 22.0, 28.0, 88.72, 103.97, 120.0]
    found = {}
    every = [(name, ours, np.float32, [any_bits(np.float32, 4 * 120)]) for name, ours in ONE.items()]
    for name, _, real, inputs in [*every, *drawn(4 * 120)]:
        edges = np.array([*ends, *(-x for x in ends)], real)
        if len(inputs) == 1:
            moderate = (RNG.standard_normal(120) * np.exp2(RNG.integers(-9, 7, 120))).astype(real)
            columns = [np.concatenate([edges, moderate, RNG.permutation(inputs[0])[:120]])]
            if name == "log1p":
                columns = [np.abs(columns[0])]
        else:
            grid = [axis.reshape(-1)[::5] for axis in np.meshgrid(edges, edges)]
            some = RNG.permutation(inputs[0].size)[:240]
            columns = [np.concatenate([axis, x[some]]) for axis, x in zip(grid, inputs, strict=True)]
        theirs = of_glibc(name, ctypes.c_float if real is np.float32 else ctypes.c_double, len(columns))
        results = [theirs(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
        word = np.dtype(f"u{np.dtype(real).itemsize}")
        found[name] = np.stack([np.asarray(column, real).view(word) for column in (*columns, results)])
    np.savez_compressed(path, **found)


def report(name: str, compare: Callable[[], tuple[int, int]]) -> bool:
    start = time.perf_counter()
    found, count = compare()
    print(f"{name:8} {count:13,} inputs {found:9,} differ {time.perf_counter() - start:7.1f} s", flush=True)
    return found == 0


def quantizations(models: Path) -> set[tuple[np.float32, int]]:
    """(scale, zero point) of all 8- and 16-bit tensors with one scale, of all models of a folder."""
    tensors = (
        tensor
        for path in sorted(models.rglob("*.tflite"))
        for graph in intengine.load(path).subgraphs
        for tensor in graph.tensors
    )
    quantized = (t.quantization for t in tensors if t.type in QUANTIZED and t.quantization.scale.size == 1)
    return {(np.float32(q.scale[0]), int(q.zero_point[0])) for q in quantized if q.scale[0] > 0}


def swept() -> set[tuple[np.float32, int]]:
    """Scales from 2**-12 to 4, and zero points over all 8-bit numbers."""
    scales = np.exp2(np.arange(-12 * 64, 2 * 64 + 1) / 64).astype(np.float32)
    return {(scale, point) for scale in scales for point in (*range(-128, 256, 37), -128, -1, 0, 127, 128, 255)}


def context(bits: int, source: tuple[np.float32, int], out: tuple[np.float32, int], lo: int) -> Any:
    def operand(scale: np.float32, zero_point: int) -> Any:
        return SimpleNamespace(scale=scale, zero_point=zero_point, range=(lo, lo + 2**bits - 1))

    tensors = operand(*source), operand(*out)
    return SimpleNamespace(input=lambda _: tensors[0], output=lambda: tensors[1])


Function = Callable[[Array], Array]


def pairs_of_functions() -> dict[str, tuple[Function, Function]]:
    """Ours and one by glibc, float32 arrays."""
    f32 = np.float32
    theirs = {name: one_by_one(of_glibc(name, ctypes.c_float, 1)) for name in ONE}

    def gelu(x: Array) -> Array:
        return f32(0.5) * x * theirs["erfcf"](x * f32(-0.70710678118654752440))

    def gelu_tanh(x: Array) -> Array:
        inner = f32(0.79788456080286535588) * (x + f32(0.044715) * x * x * x)
        return f32(0.5) * x * (f32(1) + theirs["tanhf"](inner))

    ours = {kernel: on_float32(kernel) for kernel in (exp_float, log_float, tanh_float)}
    return {
        "LOGISTIC": (
            lambda x: f32(1) / (f32(1) + ours[exp_float](-x)),
            lambda x: f32(1) / (f32(1) + theirs["expf"](-x)),
        ),
        "TANH": (ours[tanh_float], theirs["tanhf"]),
        "EXP": (ours[exp_float], theirs["expf"]),
        "LOG": (ours[log_float], theirs["logf"]),
        "ELU": (on_float32(elu_float), lambda x: np.where(x < 0, theirs["expm1f"](x), x)),
        "GELU": (on_float32(gelu_erf_float), gelu),
        "GELU approximate": (on_float32(gelu_tanh_float), gelu_tanh),
    }


def tables(models: Path) -> bool:
    found, dense = quantizations(models), swept()
    print(f"pairs of scale and zero point: {len(found):,} of models, {len(dense):,} swept")
    equal = True
    functions_of = pairs_of_functions()
    for name, (ours, theirs) in functions_of.items():
        count = entries = differing = 0
        for scale, point in found | dense:
            # Three scales of the output each; LOGISTIC has one only.
            outs = (1 / 256,) if name == "LOGISTIC" else (1 / 128, float(scale), 4 * float(scale))
            for lo, out in ((lo, out) for lo in (-128, 0) for out in outs):
                with np.errstate(all="ignore"):
                    made = context(8, (scale, point), (np.float32(out), lo), lo)
                    values = np.arange(lo, lo + 256)
                    a, b = (float_table(made, function)(values) for function in (ours, theirs))
                count, entries, differing = count + 1, entries + 256, differing + int((a != b).sum())
        print(f"{name:16} {count:9,} tables of 256 {entries:13,} entries {differing:6,} differ", flush=True)
        equal &= differing == 0
    scales = sorted({scale for scale, _ in found | dense if scale < 0.01})
    for name in ("EXP", "LOG", "GELU", "GELU approximate"):
        differing = 0
        for scale in scales:
            with np.errstate(all="ignore"):
                made = context(16, (scale, 0), (scale, 0), -32768)
                values = np.arange(-32768, 32768, 128)
                a, b = (interpolated_table(made, function)(values) for function in functions_of[name])
            differing += int((a != b).sum())
        print(f"{name:16} {len(scales):9,} tables of 513 {len(scales) * 512:13,} entries {differing:6,} differ")
        equal &= differing == 0
    wide = one_by_one(of_glibc("exp", ctypes.c_double, 1))
    a = table16(exp.exp, 10.0 / 65535.0, 32767, 2.0 / 65535.0, 0)
    b = table16(wide, 10.0 / 65535.0, 32767, 2.0 / 65535.0, 0)
    sigmoid = 65536.0 / (1.0 + wide(-np.arange(513) / 48.0))
    ends = sigmoid[0:510:2], sigmoid[1:510:2], sigmoid[2:511:2]
    c = np.floor(ends[0] + 0.5 * (ends[1] - (ends[0] + ends[2]) / 2.0) + 0.5)
    differing = int((a != b).sum()) + int((sigmoid_table()[:255] != c).sum())
    print(f"exponentials of SOFTMAX int16 and the sigmoid of int16: {a.size + c.size} entries {differing} differ")
    return equal and differing == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=int, default=1, help="every Nth float32")
    parser.add_argument("--draws", type=int, default=2 * 10**7, help="inputs drawn for the other functions")
    parser.add_argument("--models", type=Path, default=SHARED / "models", help="folder whose quantizations are taken")
    parser.add_argument("--skip-functions", action="store_true")
    parser.add_argument("--skip-tables", action="store_true")
    parser.add_argument("--record", type=Path, help="only write some of glibc's results to this file")
    options = parser.parse_args()
    library, version = platform.libc_ver()
    if library != "glibc":
        print("This host's C library is not glibc: there is nothing to compare with.")
        return
    if options.record:
        record(options.record)
        return
    print(f"glibc {version}, {platform.machine()}")
    equal = options.skip_functions or functions(options.step, options.draws)
    equal &= options.skip_tables or tables(options.models)
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
