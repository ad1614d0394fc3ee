"""JUnit XML: of a verification a test case for each node, of a comparison one for each limit."""

from collections.abc import Sequence
from xml.etree import ElementTree

from intengine.accuracy.records import Comparison
from intengine.report.thresholds import Check
from intengine.verification import NodeReport, Role, VerifyResult


def verify_junit(result: VerifyResult) -> bytes:
    """One suite; culprits and undecided nodes fail, propagated and unseen ones are skipped with the reason."""
    failed = [node for node in result.nodes if node.role in (Role.CULPRIT, Role.UNDECIDED)]
    skipped = [node for node in result.nodes if node.role in (Role.PROPAGATED, Role.UNSEEN)]
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(f"{result.model or 'model'} under {result.profile} against {result.reference}"),
        tests=str(len(result.nodes)),
        failures=str(len(failed)),
        skipped=str(len(skipped)),
        errors="0",
        time=f"{result.engine_seconds + result.reference_seconds:.3f}",
    )
    for node in result.nodes:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(node.op), name=_clean(f"node {node.node} {node.name}")
        )
        if node in failed:
            failure = ElementTree.SubElement(case, "failure", message=_clean(node.verdict))
            failure.text = _clean(_details(node))
        elif node in skipped:
            ElementTree.SubElement(case, "skipped", message=_clean(node.verdict))
    return _document(suite)


def comparison_junit(found: Comparison, checks: Sequence[Check]) -> bytes:
    """One suite; limits that do not hold fail, those on figures that are not there are skipped."""
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(f"{found.quantized} against {found.float_side} under {found.profile}"),
        tests=str(len(checks)),
        failures=str(sum(one.passed is False for one in checks)),
        skipped=str(sum(one.passed is None for one in checks)),
        errors="0",
    )
    for one in checks:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_clean(one.group), name=_clean(f"{one.name}: {one.limit}")
        )
        if one.passed is False:
            ElementTree.SubElement(case, "failure", message=_clean(str(one)))
        elif one.passed is None:
            ElementTree.SubElement(case, "skipped", message="there is no such figure")
    return _document(suite)


def _document(suite: ElementTree.Element) -> bytes:
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _details(node: NodeReport) -> str:
    lines = [f"{node.differing} of {node.elements} elements differ, by at most {node.max_lsb}"]
    if node.worst is not None:
        tensor, index, here, there = node.worst
        lines.append(f"worst: tensor {tensor} at {list(index)}: {here} here, {there} there")
    return "\n".join(lines)


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
