"""Accumulators that overflow."""

from collections.abc import Iterator

from intengine.linting._bounds import bounds
from intengine.linting._records import Finding, Severity
from intengine.linting._registry import Rule, rule
from intengine.linting._view import GraphView

_SHOWN = 4096


@rule("Q501", Severity.WARNING)
def overflow(view: GraphView, rule: Rule) -> Iterator[Finding]:
    """Accumulators cannot overflow.

    For each layer the least and the greatest sum follow from its weights, its bias and the range of its input (that of
    the type, or of the fused activation before it). Where they lie within the accumulator, that is a proof. Where they
    do not, the finding has the input integers of one element that overflow: an error if the layer reads an input of the
    model, so that such an input can be given; else a warning, as the layers before may never give them. Overflowing
    sums wrap, and large outputs turn into negative ones. Fewer taps, smaller weights or a smaller bias help.
    """
    for bound in bounds(view):
        if bound.fits:
            continue
        node = view.graph.nodes[bound.node]
        reach = {True: "an input of the model reaches it", None: "whether the layers before reach it is open"}
        yield view.found(
            rule, f"Sums of channel {bound.channel} come to {bound.lo:,} .. {bound.hi:,}, beyond "
            f"{'int32' if bound.bits == 32 else '48 bits'}; {reach[True if bound.reachable else None]}.",
            node, view.out(node), severity=Severity.ERROR if bound.reachable else None,
            lo=bound.lo, hi=bound.hi, channel=bound.channel, reachable=bound.reachable,
            counterexample=bound.counterexample[:_SHOWN],
        )  # fmt: skip
