"""A comparison's limits as JUnit XML: a test case for each."""

from collections.abc import Sequence
from xml.etree import ElementTree

from intengine.accuracy.records import Comparison
from intengine.report.accuracy.thresholds import Check
from intengine.report.junit import clean, document


def comparison_junit(found: Comparison, checks: Sequence[Check]) -> bytes:
    """One suite; limits that do not hold fail, those on figures that are not there are skipped."""
    suite = ElementTree.Element(
        "testsuite",
        name=clean(f"{found.quantized} against {found.float_side} under {found.profile}"),
        tests=str(len(checks)),
        failures=str(sum(one.passed is False for one in checks)),
        skipped=str(sum(one.passed is None for one in checks)),
        errors="0",
    )
    for one in checks:
        case = ElementTree.SubElement(
            suite, "testcase", classname=clean(one.group), name=clean(f"{one.name}: {one.limit}")
        )
        if one.passed is False:
            ElementTree.SubElement(case, "failure", message=clean(str(one)))
        elif one.passed is None:
            ElementTree.SubElement(case, "skipped", message="there is no such figure")
    return document(suite)
