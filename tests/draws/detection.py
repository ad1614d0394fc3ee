"""TFLite_Detection_PostProcess."""

from typing import Any

import numpy as np
from flatbuffers import flexbuffers
from hypothesis import strategies as st

from intengine.writer import ModelBuilder
from tests.cases import Problem
from tests.draws._build import Draw


@st.composite
def detection(draw: Draw, type_: str, regular: bool) -> Problem:
    count, classes = draw(st.integers(6, 40)), draw(st.integers(1, 6))
    background, per_box = draw(st.integers(0, 1)), draw(st.integers(1, 3))
    options: dict[str, Any] = {
        # As many as are always there; LiteRT leaves the rest of its outputs unwritten, unless it is regular.
        "max_detections": draw(st.integers(1, 20)) if regular else 2,
        "max_classes_per_detection": 1 if regular else min(per_box, classes),
        "detections_per_class": draw(st.integers(1, 9)),
        "use_regular_nms": regular,
        "nms_score_threshold": draw(st.sampled_from([0.0, 0.3])) if regular else 0.0,
        "nms_iou_threshold": draw(st.sampled_from([0.3, 0.5, 0.6])),
        "num_classes": classes,
        "y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 5.0,
    }  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    b = ModelBuilder()
    columns = classes + background
    real = type_ == "FLOAT32"

    def tensor(name: str, shape: tuple[int, ...], data: Any, scale: float, zero_point: int) -> int:
        given = {} if real else {"scale": scale, "zero_point": zero_point}
        return b.tensor(name, type_, shape, data, **given)

    centres = np.concatenate([rng.uniform(0, 1, (count, 2)), rng.uniform(0.05, 0.3, (count, 2))], 1)
    centres[:2] = [[0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.1, 0.1]]
    codes, scores = rng.standard_normal((1, count, 4)) * 0.5, rng.uniform(0, 1, (1, count, columns))
    scores[0, :2, -1] = 1.0
    if draw(st.booleans()):
        scores = np.round(scores * 8) / 8
    if real:
        anchors, x, s = (part.astype(np.float32) for part in (centres, codes, scores))
    else:
        anchors = np.round(centres * 255).astype(np.uint8)
        x = np.clip(np.round(codes / 0.08) + 100, 0, 255).astype(np.uint8)
        s = np.clip(np.round(scores * 256), 0, 255).astype(np.uint8)
    zero = draw(st.sampled_from([0, 0, 3]))
    inputs = [tensor("boxes", (1, count, 4), None, 0.08, 100), tensor("scores", s.shape, None, 1 / 256, zero)]
    fixed = tensor("anchors", (count, 4), anchors, 1 / 255, 0)
    rows = options["max_detections"] * options["max_classes_per_detection"]
    shapes = ((1, rows, 4), (1, rows), (1, rows), (1,))
    outputs = [b.tensor(f"y{i}", "FLOAT32", shape) for i, shape in enumerate(shapes)]
    b.op("TFLite_Detection_PostProcess", [*inputs, fixed], outputs, custom_options=bytes(flexbuffers.Dumps(options)))
    return Problem("detection", b.to_bytes(inputs, outputs), (x, s))


DRAWS = {
    f"TFLite_Detection_PostProcess {type_.lower()} {kind}": detection(type_, kind == "regular")
    for type_ in ("FLOAT32", "UINT8")
    for kind in ("fast", "regular")
}
