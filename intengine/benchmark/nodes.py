"""The time of every node: within the model's run here, as a one-node model in LiteRT."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from intengine.benchmark.measure import Sampler, Spread, spread
from intengine.benchmark.records import OURS, NodeResult, Options, Work
from intengine.benchmark.sides import LiteRT
from intengine.cut import cut
from intengine.interpreter import Interpreter
from intengine.model import Model, Node, Subgraph, TensorSpec, TensorType
from intengine.plan import Plan
from intengine.report.macs import macs
from intengine.samples import Sample
from intengine.trace import Trace

_ROUNDS = 3


def work(node: Node, plan: Plan) -> Work:
    """Multiply-accumulates of a node of the planned subgraph with the shapes in force."""
    graph = plan.subgraph
    count = macs(node, graph, plan.shapes)
    return Work({operands(node, graph): count} if count else {})


def operands(node: Node, graph: Subgraph) -> str:
    """What a node's products multiply. Floats with integer weights are quantized first: int8."""
    given = [graph.tensors[i].type for i in node.inputs[:2] if i >= 0]
    if TensorType.INT16 in given:
        return "int16"
    return "int8" if any(kind.dtype.kind in "iu" for kind in given) else "float32"


def marks(engine: Interpreter, sample: Sample) -> list[float]:
    """Seconds at which each step of a run begins, and at which the last one ends."""
    found: list[float] = []
    engine.execute(sample, progress=lambda at, count, op: found.append(time.perf_counter()))
    return found


def time_nodes(engine: Interpreter, sample: Sample, options: Options, peaks: Mapping[str, float]) -> list[NodeResult]:
    """Every node that runs, in order of execution; in each round a run here, and every node alone in LiteRT."""
    trace = engine.trace(sample)
    plan = engine.plan
    nodes = {node.index: node for node in plan.subgraph.nodes}
    others = [_others(engine.model, plan, nodes[step.node], trace, options) for step in plan.steps]
    ours: list[list[float]] = []
    end = time.perf_counter() + options.seconds
    while len(ours) < _ROUNDS or time.perf_counter() < end:
        engine.execute(sample)  # what LiteRT left in the cache goes
        ours.append([1e3 * (after - begin) for begin, after in pairwise(marks(engine, sample))])
        for samplers in others:
            for sampler in samplers.values():
                sampler.take()
    found = []
    for at, step in enumerate(plan.steps):
        times = {OURS: spread([run[at] for run in ours])}
        times |= {name: spread(sampler.samples) for name, sampler in others[at].items()}
        found.append(_result(nodes[step.node], plan, times, peaks, options))
    return found


def _others(model: Model, plan: Plan, node: Node, trace: Trace, options: Options) -> dict[str, Sampler]:
    """A node alone in LiteRT's kernels, on this engine's tensors; nothing where it cannot stand alone."""
    shapes = {i: array.shape for i, array in trace.tensors.items()}
    piece = cut(model, node, shapes, plan.constants) if plan.subgraph.index == 0 and options.against else None
    if piece is None:
        return {}
    samplers: dict[str, Sampler] = {}
    inputs = {i: trace[i] for i in piece.inputs}
    for name in options.against:
        # What LiteRT refuses alone is left out; the model as a whole is timed all the same.
        with contextlib.suppress(ValueError, RuntimeError):
            alone = LiteRT(piece.model, name, threads=options.threads, inputs=inputs, outputs=piece.outputs)
            samplers[name] = Sampler(alone.invoke)
    return samplers


def _result(
    node: Node, plan: Plan, times: Mapping[str, Spread], peaks: Mapping[str, float], options: Options
) -> NodeResult:
    here = work(node, plan)
    spent = times[OURS].median
    name = plan.subgraph.tensors[node.outputs[0]].name if node.outputs and node.outputs[0] >= 0 else ""
    return NodeResult(
        node.index,
        node.op,
        name,
        described(node.inputs, plan),
        described(node.outputs, plan),
        here.total,
        times,
        here.total / spent / 1e6 if here.total else None,
        here.least_ms(peaks) / spent / options.threads if here.total else None,
    )


def described(tensors: Sequence[int], plan: Plan) -> tuple[str, ...]:
    """Types and shapes, as "int8[1, 8]"."""

    def show(spec: TensorSpec) -> str:
        return f"{spec.type.name.lower()}{list(plan.shapes.get(spec.index, spec.shape))}"

    return tuple(show(plan.subgraph.tensors[i]) for i in tensors if i >= 0)


def events(engine: Interpreter, sample: Sample) -> list[dict[str, Any]]:
    """One run as Chrome trace events: microseconds from its beginning, one complete event for each step."""
    engine.execute(sample)
    times = marks(engine, sample)
    plan = engine.plan
    nodes = {node.index: node for node in plan.subgraph.nodes}
    found: list[dict[str, Any]] = [_event("run", "run", times[0], times[-1], times[0], {"steps": len(plan.steps)})]
    for step, (begin, end) in zip(plan.steps, pairwise(times), strict=True):
        node = nodes[step.node]
        args = {
            "node": step.node,
            "inputs": list(described(node.inputs, plan)),
            "outputs": list(described(node.outputs, plan)),
            "macs": work(node, plan).total,
        }
        found.append(_event(step.op, "op", begin, end, times[0], args))
    return found


def _event(name: str, kind: str, begin: float, end: float, start: float, args: dict[str, Any]) -> dict[str, Any]:
    at, spent = (round(1e6 * seconds, 3) for seconds in (begin - start, end - begin))
    return {"name": name, "cat": kind, "ph": "X", "ts": at, "dur": spent, "tid": 1, "args": args}
