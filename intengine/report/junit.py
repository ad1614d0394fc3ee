"""A verification as JUnit XML: a test case for each node."""

from xml.etree import ElementTree

from intengine.verification import NodeReport, Role, VerifyResult


def verify_junit(result: VerifyResult) -> bytes:
    """One suite; culprits and undecided nodes fail, propagated and unseen ones are skipped with the reason."""
    failed = [node for node in result.nodes if node.role in (Role.CULPRIT, Role.UNDECIDED)]
    skipped = [node for node in result.nodes if node.role in (Role.PROPAGATED, Role.UNSEEN)]
    suite = ElementTree.Element(
        "testsuite",
        name=clean(f"{result.model or 'model'} under {result.profile} against {result.reference}"),
        tests=str(len(result.nodes)),
        failures=str(len(failed)),
        skipped=str(len(skipped)),
        errors="0",
        time=f"{result.engine_seconds + result.reference_seconds:.3f}",
    )
    for node in result.nodes:
        case = ElementTree.SubElement(
            suite, "testcase", classname=clean(node.op), name=clean(f"node {node.node} {node.name}")
        )
        if node in failed:
            failure = ElementTree.SubElement(case, "failure", message=clean(node.verdict))
            failure.text = clean(_details(node))
        elif node in skipped:
            ElementTree.SubElement(case, "skipped", message=clean(node.verdict))
    return document(suite)


def document(suite: ElementTree.Element) -> bytes:
    """A file with one suite."""
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


def clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)
