"""Experiments: any set of operators in float32, and sweeps."""

import math

import numpy as np
import pytest

from intengine import InputError, Interpreter, load
from intengine.accuracy.dataset import pair_tensors, read_dataset
from intengine.accuracy.experiment import Experiment, Metric
from intengine.accuracy.whatif import disable_one, enable_one, select, what_if
from intengine.quantization import dequantize, quantize
from tests.accuracy.networks import digits, digits_data
from tests.cli import models


def experiment(count: int = 8, *, quantized: str = "int8", against: str = "float32") -> Experiment:
    model = digits(quantized)
    images, labels = digits_data(count)
    data = read_dataset(Interpreter(model), images, labels=labels)
    return Experiment(model, data, reference=digits(against) if against else None)


def test_scores_are_those_of_the_definition() -> None:
    images, labels = digits_data(8)
    quantized, exact = Interpreter(digits("int8")), Interpreter(digits("float32"))
    spec = next(iter(quantized.inputs.values()))
    ours, theirs = [], []
    for image in images:
        made = next(iter(quantized.run(quantize(image[None], spec.quantization, spec.type)).values()))
        ours.append(dequantize(made, next(iter(quantized.outputs.values())).quantization)[0])
        theirs.append(next(iter(exact.run(image[None]).values()))[0])
    a, b = np.array(ours, np.float64), np.array(theirs, np.float64)
    found = experiment().score(())
    assert found.sqnr == pytest.approx(10 * math.log10((b**2).sum() / ((a - b) ** 2).sum()))
    assert found.agreement == np.mean(a.argmax(1) == b.argmax(1))
    assert found.accuracy == np.mean(a.argmax(1) == labels)


def test_all_operators_in_float_are_the_float_model_bit_for_bit() -> None:
    work = experiment()
    assert work.score(work.candidates).sqnr == math.inf
    assert not work.refused


def test_against_its_own_dequantized_weights_all_in_float_is_exact_too() -> None:
    work = experiment(against="")
    assert work.score(work.candidates).sqnr == math.inf
    assert work.score(()).sqnr < 60


def test_a_set_is_run_once() -> None:
    work = experiment(2)
    for _ in range(3):
        work.score({0, 1})
    assert work.runs == 1


def test_enable_one_has_each_operator_alone_and_the_greatest_gain_first() -> None:
    work = experiment()
    found = enable_one(work)
    assert {trial.nodes for trial in found.trials} == {(node,) for node in work.candidates}
    values = [trial.scores.sqnr for trial in found.trials]
    assert values == sorted(values, reverse=True)
    for trial in found.trials:
        assert trial.gain == pytest.approx(trial.scores.sqnr - found.quantized.sqnr)
        assert trial.scores == work.score(trial.nodes)


def test_disable_one_ranks_what_each_costs_by_itself() -> None:
    work = experiment()
    found = disable_one(work)
    values = [trial.scores.sqnr for trial in found.trials]
    assert values == sorted(values)
    assert values[0] < values[-1]
    first = found.trials[0]
    assert first.scores == work.score(set(work.candidates) - set(first.nodes))


def test_one_set_by_any_metric() -> None:
    work = experiment(20)
    for metric in Metric:
        found = what_if(work, [0, 13], metric)
        (trial,) = found.trials
        assert trial.nodes == (0, 13)
        assert trial.gain == pytest.approx(trial.scores.value(metric) - found.quantized.value(metric))
    assert found.to_json()["schema"] == "intengine.accuracy.whatif/1"


@pytest.mark.parametrize("quantized", ["qat_int8", "int16x8", "dynamic"])
def test_every_scheme_gets_better_in_float(quantized: str) -> None:
    work = experiment(4, quantized=quantized, against="")
    assert work.score(()).sqnr < math.inf
    assert work.score(work.candidates).sqnr > work.score(()).sqnr + 20


def test_accuracy_needs_labels() -> None:
    model = digits("int8")
    work = Experiment(model, read_dataset(Interpreter(model), digits_data(2)[0]))
    with pytest.raises(InputError, match="accuracy needs labels"):
        work.score(()).value(Metric.ACCURACY)


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(InputError, match=r"a label for each sample; there are 2 for 3"):
        read_dataset(Interpreter(digits("int8")), digits_data(3)[0], labels=np.array([1, 2]))


def test_operators_are_named_by_index_range_kind_and_pattern() -> None:
    graph = digits("int8").main
    assert select(graph, ["0", "3-5"]) == {0, 3, 4, 5}
    assert select(graph, ["FULLY_CONNECTED"]) == {11, 12}
    assert select(graph, ["digits/pools/*"]) == {8}
    assert select(graph, [graph.tensors[graph.nodes[9].outputs[0]].name]) == {9}
    for text in ("14", "5-3", "CONV", ""):
        with pytest.raises(InputError, match="names none"):
            select(graph, [text])


def test_inputs_of_two_models_pair_by_name_place_or_shape() -> None:
    here = Interpreter(models.two_inputs()).inputs
    assert pair_tensors(here, dict(reversed(here.items())), "inputs") == {"a": "a", "b": "b"}
    assert pair_tensors(here, {"p": here["a"], "q": here["b"]}, "inputs") == {"a": "p", "b": "q"}
    with pytest.raises(InputError, match="the same inputs as the model"):
        pair_tensors(here, Interpreter(digits("int8")).inputs, "inputs")


def test_a_model_of_another_network_is_refused_as_reference() -> None:
    model = digits("int8")
    with pytest.raises(InputError, match="cannot be matched"):
        Experiment(model, read_dataset(Interpreter(model), digits_data(1)[0]), reference=load(models.small()))
