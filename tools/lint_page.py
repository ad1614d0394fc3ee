"""Write docs/lint.md from the docstrings of the rules.

python tools/lint_page.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from intengine.linting import rules  # noqa: E402

PAGE = ROOT / "docs" / "lint.md"
_HEAD = """# The rules of `intengine lint`

Made by tools/lint_page.py from the rules themselves (intengine/linting/checks).

`intengine lint model.tflite` needs no data and runs nothing. An *error* breaks the format's quantization specification
or cannot work; a *warning* costs accuracy or some runtime's support; *info* is worth knowing. The exit code is 1 for
errors, with `--strict` also for warnings. `intengine.lint(model)` gives the same as a list of `Finding`.

Specification: https://ai.google.dev/edge/litert/models/quantization_spec
"""


def lint_page() -> str:
    """The page."""
    known = rules()
    table = ["| rule | severity | what holds |", "|---|---|---|"]
    table += [f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity.value} | {rule.title} |" for rule in known]
    sections = [f"## {rule.id}\n\n**{rule.title}** ({rule.severity.value})\n\n{rule.page}\n" for rule in known]
    return _HEAD + "\n" + "\n".join(table) + "\n\n" + "\n".join(sections)


if __name__ == "__main__":
    PAGE.write_text(lint_page())
