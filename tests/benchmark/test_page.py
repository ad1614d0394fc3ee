"""The page that tools/bench.py makes of results."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from intengine.benchmark import files
from intengine.benchmark.measure import Spread
from intengine.benchmark.overhead import Overhead
from intengine.benchmark.records import About, ModelResult, NodeResult, Options, State
from intengine.benchmark.startup import Startup
from tools.bench import page


def ms(value: float) -> Spread:
    return Spread(value, value, value, 3)


def model(name: str, ours: float, optimized: float) -> ModelResult:
    times = {"intengine": ms(ours), "optimized": ms(optimized)}
    node = NodeResult(0, "CONV_2D", "y", ("int8[1]",), ("int8[1]",), 1, times, 1.0, 0.25)
    more = {"gmacs": {"intengine": 12.5}, "share": {"intengine": 0.5}, "nodes": (node,)}
    return ModelResult(f"{name}.tflite", name, State.TIMED, "", True, 2_000_000, times, **more)


def made(*results: ModelResult) -> str:
    about = About("cpu", "os", "3.11", {"numba": "0"}, "generic", {"int8": 100.0}, Options())
    data = files.as_data(about, results, [Overhead("mixed", 0.5, 4.0)], [Startup("m", 0.9, None)])
    return page(json.loads(json.dumps(data)))


def test_goals_that_are_missed_are_named_with_their_ratio() -> None:
    text = made(model("kws_dscnn_int8", 1.0, 0.4), model("vww_96_int8", 1.0, 0.9))
    assert "| LiteRT optimized | no: kws_dscnn_int8 0.40 | 0.5 each | 0.40 (kws_dscnn_int8) | 0.60 | 2 of 4 |" in text
    assert "| LiteRT optimized | yes | 0.5 each | 0.90 (vww_96_int8)" in made(model("vww_96_int8", 1.0, 0.9))


def test_models_operators_overhead_and_start_are_shown() -> None:
    text = made(model("a", 1.0, 3.0))
    assert "| a | 2.0 | 1.000 | 1.000 to 1.000 | 12.5 | 50.0% | 3.000 | 3.00 |" in text
    assert "| a | 0 CONV_2D | int8[1], int8[1] | 1000.0 | 100% | 3000.0 | 25.0% |" in text
    assert "| mixed | 0.50 | 4.0 |" in text
    assert "| m | 0.90 |  |" in text


def test_a_model_that_was_not_timed_says_why() -> None:
    text = made(model("a", 1.0, 3.0), ModelResult("b.tflite", "b", State.DIFFERS, "output 'y' differs", False))
    assert "- b: differs, not timed. output 'y' differs" in text
