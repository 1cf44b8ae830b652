import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from train_support import SoftmaxLearner, blobs, compiled_once, encode, run

from latticework.train import (
    Evaluator,
    OptimiserConfig,
    Outcome,
    Summary,
    TrainingConfig,
    build,
    checkpoint,
    order,
)
from support.close import FEW_ROUNDINGS, SUMS, TRAINING, close_to_largest

SGD = OptimiserConfig("sgd", learning_rate=0.05, group_scales=(("bias", 0.5),))


@pytest.fixture(scope="module", autouse=True)
def compilations(tmp_path_factory):
    with compiled_once(tmp_path_factory.getbasetemp() / "compiled"):
        yield


def without_clocks(metrics):
    clocks = ("seconds", "images_per_second")
    return [{key: value for key, value in line.items() if key not in clocks} for line in metrics]


def assert_same_run(one, other):
    for group in one.params:
        np.testing.assert_array_equal(one.params[group], other.params[group])
    assert without_clocks(one.metrics) == without_clocks(other.metrics)
    np.testing.assert_array_equal(one.test_accuracy, other.test_accuracy)
    assert one.outcome is other.outcome
    assert one.non_finite_steps == other.non_finite_steps


def poisoned(bad_for, good_for, batch=10, examples=203):
    """Float images with one bad image, which only the order of seed `bad_for` comes across."""
    data = blobs(examples)
    size = len(data.train_targets)
    orders = np.asarray(order.epoch_order(order.order_keys((bad_for, good_for)), size)[1])
    used = size // batch * batch
    seen, unseen = orders[0, :used], orders[1, used:]
    example = next(e for e in unseen if e in seen)
    data = dataclasses.replace(data, train_inputs=data.train_inputs.astype(np.float32))
    data.train_inputs[example] = np.inf  # a data set is made of finite numbers only
    return data, int(np.flatnonzero(orders[0] == example)[0]) // batch


def test_it_learns_and_says_so():
    result = run(epochs=8)
    assert result.outcome is Outcome.FINISHED
    assert result.message == "finished 8 epochs"
    assert result.test_accuracy.shape == (2,)
    assert result.test_accuracy.min() > 0.8
    losses = [line["train_loss"] for line in result.metrics]
    assert losses == sorted(losses, reverse=True)
    assert [line["epoch"] for line in result.metrics] == list(range(8))
    assert [line["steps"] for line in result.metrics] == [20 * (n + 1) for n in range(8)]
    assert result.metrics[-1]["test_accuracy"] == result.test_accuracy.mean()
    assert result.images_per_second > 0


@pytest.mark.parametrize("optimiser", [OptimiserConfig(clip_norm=0.5, warmup_steps=3), SGD])
def test_it_does_what_a_plain_loop_does(optimiser):
    learner, data, seeds, batch = SoftmaxLearner(noise=0.01), blobs(), (0, 3), 10
    result = run(learner=learner, seeds=seeds, optimiser=optimiser, epochs=2)
    params, updates = learner.init(seeds), jax.jit(learner.updates)
    transform = build(optimiser, 40, params)
    descend = jax.jit(transform.update)
    state, keys, at = transform.init(params), order.order_keys(seeds), 0
    for epoch in range(2):
        keys, now = order.epoch_order(keys, len(data.train_targets))
        sums = np.zeros((2, len(seeds)))
        for step in range(20):
            index = np.asarray(now[:, step * batch : (step + 1) * batch])
            inputs = encode(jnp.asarray(data.train_inputs[index]))
            targets = jnp.asarray(data.train_targets[index], dtype=jnp.int32)
            noise = order.step_keys(order.noise_keys(seeds), jnp.int32(at))
            update = updates(params, inputs, targets, noise)
            sums += np.stack([update.loss, update.correct])
            change, state = descend(update.direction, state, params)
            params, at = optax.apply_updates(params, change), at + 1
        line = result.metrics[epoch]["per_seed"]
        close_to_largest(np.array(line["train_loss"]), sums[0] / 20, SUMS)
        close_to_largest(np.array(line["train_accuracy"]), sums[1] / 20, FEW_ROUNDINGS)
    close_to_largest(result.params, params, TRAINING)
    scores = learner.scores(params, encode(jnp.asarray(data.test_inputs)))
    want = np.mean(np.asarray(scores).argmax(axis=-1) == data.test_targets, axis=1)
    np.testing.assert_allclose(result.test_accuracy, want)


@pytest.mark.parametrize("fused", [False, True])
def test_no_result_depends_on_the_chunks(fused):
    options = {"learner": SoftmaxLearner(fused=fused), "optimiser": SGD}
    whole = run(chunk_s=100.0, **options)
    for chunk in (1, 7):
        assert_same_run(run(chunk_steps=chunk, **options), whole)


def test_a_seed_does_not_depend_on_its_company():
    together, alone = run(seeds=(0, 4)), run(seeds=(4,))
    second = jax.tree.map(lambda leaf: leaf[1:], together.params)
    close_to_largest(alone.params, second, TRAINING)
    assert alone.test_accuracy[0] == together.test_accuracy[1]


def test_one_compilation_serves_all_chunk_lengths():
    traced = []

    def counting(raw):
        traced.append(raw.shape)
        return encode(raw)

    run(encode=counting, chunk_steps=3, eval_subset=20, eval_batch=8)
    assert sorted(set(traced)) == [(2, 10, 4, 4), (8, 4, 4)]
    once = len(traced)
    run(encode=counting, chunk_steps=3, eval_subset=20, eval_batch=8, epochs=9)
    assert len(traced) == 2 * once


def test_everything_is_float32_in_64_bit_mode_and_the_same_without():
    wide = run()
    assert {leaf.dtype for leaf in jax.tree.leaves(wide.params)} == {np.dtype(np.float32)}
    with jax.enable_x64(False):
        narrow = run()
    close_to_largest(wide.params, narrow.params, TRAINING)


def test_a_run_can_use_the_first_examples_only():
    data = blobs()
    first = dataclasses.replace(
        data, train_inputs=data.train_inputs[:60], train_targets=data.train_targets[:60]
    )
    assert_same_run(run(train_size=60), run(dataset=first))


@pytest.mark.parametrize("batch", [8, 57, 1000])
def test_the_whole_test_set_is_counted_whatever_the_batch(batch):
    learner, data = SoftmaxLearner(), blobs()
    evaluator = Evaluator(learner, encode, data.test_inputs, data.test_targets, batch)
    params = learner.init((0, 1, 2))
    scores = learner.scores(params, encode(jnp.asarray(data.test_inputs)))
    right = np.asarray(scores).argmax(axis=-1) == data.test_targets
    np.testing.assert_allclose(evaluator.accuracy(params), right.mean(axis=1))
    some = np.array([3, 56, 7, 8, 20, 11, 40, 2, 0])
    np.testing.assert_allclose(evaluator.accuracy(params, some), right[:, some].mean(axis=1))
    # Where every prediction is right, the padding would be, too, were it counted.
    predicted = np.asarray(scores).argmax(axis=-1)[0]
    perfect = Evaluator(learner, encode, data.test_inputs, predicted, batch)
    assert perfect.accuracy(params)[0] == perfect.accuracy(params, some)[0] == 1.0


def test_epochs_are_measured_on_their_subset_and_the_end_on_everything():
    result = run(eval_subset=20, epochs=1)
    data = blobs()
    evaluator = Evaluator(SoftmaxLearner(), encode, data.test_inputs, data.test_targets, 1000)
    line = result.metrics[0]
    assert line["test_examples"] == 20
    examples = order.subset(0, len(data.test_targets), 20)
    assert line["per_seed"]["test_accuracy"] == evaluator.accuracy(result.params, examples).tolist()
    np.testing.assert_array_equal(result.test_accuracy, evaluator.accuracy(result.params))


def test_measuring_every_other_epoch_leaves_gaps_but_not_at_the_end():
    metrics = run(epochs=5, eval_every=2).metrics
    assert [line["test_accuracy"] is not None for line in metrics] == [
        False, True, False, True, True,
    ]  # fmt: skip
    assert "test_accuracy" not in metrics[0]["per_seed"]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(
    ("chunk", "batch", "examples"), [(1, 10, 203), (None, 10, 203), (9, 2, 2003)]
)
def test_a_seed_that_goes_wrong_keeps_what_it_had(fused, chunk, batch, examples):
    data, step = poisoned(1, 0, batch, examples)  # the last case has blocks of 4 steps
    learner = SoftmaxLearner(fused=fused)
    options = {"learner": learner, "optimiser": SGD, "epochs": 1, "batch_size": batch}
    result = run(dataset=data, chunk_steps=chunk, **options)
    assert result.outcome is Outcome.FINISHED
    assert result.non_finite_steps == {1: step}
    assert f"seed 1 became non-finite at step {step} (epoch 1)" in result.message
    assert result.metrics[0]["per_seed"]["train_loss"][0] is not None
    # The good seed is as if alone; the bad one as if the run had ended before that step.
    good = run(dataset=data, seeds=(0,), **options)
    params = learner.init((1,))
    now = order.epoch_order(order.order_keys((1,)), len(data.train_targets))[1]
    images = jnp.asarray(data.train_inputs)
    targets = jnp.asarray(data.train_targets, dtype=jnp.int32)
    loop = SoftmaxLearner(fused=True).fused_steps(SGD, batch)
    params, loss, _ = loop(params, images, targets, now, jnp.int32(0), jnp.int32(step))
    ended = {group: np.stack([good.params[group][0], params[group][0]]) for group in params}
    close_to_largest(result.params, ended, SUMS)
    if step:
        told = result.metrics[0]["per_seed"]["train_loss"][1]
        assert told == pytest.approx(float(loss[0]) / step, rel=1e-5)


@pytest.mark.parametrize("fused", [False, True])
def test_the_run_stops_when_no_seed_is_left(tmp_path, fused):
    data, step = poisoned(bad_for=1, good_for=0)
    options = {
        "learner": SoftmaxLearner(fused=fused),
        "optimiser": SGD,
        "dataset": data,
        "seeds": (1,),
    }
    result = run(tmp_path, **options)
    assert result.outcome is Outcome.NON_FINITE
    assert result.message.startswith(f"stopped: seed 1 became non-finite at step {step} (epoch 1)")
    assert result.message.endswith("try a smaller learning rate or clip_norm")
    assert result.epochs == 0
    assert result.metrics == []
    assert all(np.isfinite(leaf).all() for leaf in result.params.values())
    assert result.test_accuracy is not None
    for chunk in (1, 5):
        assert_same_run(run(chunk_steps=chunk, **options), result)
    for at, chunk in enumerate((1, 7)):
        run(tmp_path / str(at), chunk_steps=chunk, **options)
        assert checkpoint.read_meta(tmp_path / str(at) / "checkpoint.safetensors")["step"] == step
    again = run(tmp_path, resume=True, **options)  # the last good state was saved
    assert_same_run(again, result)


def test_an_optimiser_that_overflows_is_noticed_too():
    result = run(optimiser=OptimiserConfig("sgd", learning_rate=1e38), epochs=1)
    assert result.outcome is Outcome.NON_FINITE
    assert set(result.non_finite_steps) == {0, 1}


def test_a_learners_own_loop_is_used_and_named():
    plain = run(learner=SoftmaxLearner(), optimiser=SGD)
    fused = run(learner=SoftmaxLearner(fused=True), optimiser=SGD)
    assert (plain.kernel, fused.kernel) == ("softmax", "softmax-fused")
    close_to_largest(fused.params, plain.params, SUMS)
    for one, other in zip(plain.metrics, fused.metrics, strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-5)
        assert one["train_accuracy"] == pytest.approx(other["train_accuracy"], rel=1e-5)


def test_a_long_epoch_of_a_learners_own_loop_goes_block_by_block():
    data = blobs(train_examples=700)
    seen = []

    @dataclasses.dataclass(frozen=True)
    class Watched(SoftmaxLearner):
        def fused_steps(self, optimiser, batch_size):
            inner = super().fused_steps(optimiser, batch_size)

            def watched(params, inputs, targets, order, start, stop):
                jax.debug.callback(lambda *at: seen.append(tuple(map(int, at))), start, stop)
                return inner(params, inputs, targets, order, start, stop)

            return watched

    run(learner=Watched(fused=True), optimiser=SGD, dataset=data, batch_size=1, epochs=1)
    jax.effects_barrier()
    spans = [span for span in seen if span[0] < span[1]]
    assert spans == [(at, min(at + 3, 700)) for at in range(0, 700, 3)]


def test_the_result_is_recorded(tmp_path):
    result = run(tmp_path, published={"accuracy": 0.5}, seeds=(0, 1, 2))
    record = json.loads((tmp_path / "result.json").read_text())
    assert record["recipe"] == {"name": "blobs"}
    stored = json.loads((tmp_path / "recipe.json").read_text())
    assert stored == {"run": record["run"], "name": "blobs"}
    assert record["published"] == {"accuracy": 0.5}
    assert record["outcome"] == "finished"
    assert record["per_seed"] == result.test_accuracy.tolist()
    assert record["test_accuracy"] == pytest.approx(np.mean(result.test_accuracy))
    assert record["summary"]["sd"] == pytest.approx(np.std(result.test_accuracy, ddof=1))
    assert record["kernel"] == "softmax"
    assert record["seeds"] == [0, 1, 2]
    assert {"python", "jax", "jaxlib", "numpy", "latticework"} <= set(record["versions"])
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    named = [{"run": record["run"], **line} for line in result.metrics]
    assert [json.loads(line) for line in lines] == named
    names = [
        ".lock",
        "checkpoint.safetensors",
        "data.json",
        "metrics.jsonl",
        "recipe.json",
        "result.json",
    ]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == names


def test_summary():
    summary = Summary.of([0.25, 0.75])
    assert summary.sd == pytest.approx(0.125**0.5)
    assert summary == Summary(0.5, summary.sd, 0.25, 0.75)
    assert Summary.of([0.25]) == Summary(0.25, None, 0.25, 0.25)
    with pytest.raises(ValueError, match="no value"):
        Summary.of([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs is 0, expected a whole number from 1 up"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"eval_every": 0}, "eval_every is 0"),
        ({"eval_subset": 0}, "eval_subset is 0"),
        ({"chunk_steps": 0}, "chunk_steps is 0"),
        ({"chunk_s": 0.0}, "chunk_s is 0.0, expected a positive number of seconds"),
        ({"checkpoint_every_s": -1.0}, "checkpoint_every_s is -1.0"),
    ],
)
def test_training_values_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 500}, "batch_size is 500, but there are only 203 training examples"),
        ({"train_size": 300}, "train_size is 300, but blobs has 203 training examples"),
        ({"eval_subset": 58}, "eval_subset is 58, but blobs has 57 test examples"),
        ({"seeds": ()}, "there is no seed"),
        ({"seeds": (1, 1)}, "a seed is given twice"),
        ({"seeds": (-1,)}, "a seed is -1; a whole number from 0"),
        ({"resume": True}, "nothing to resume without a run folder"),
        (
            {"optimiser": OptimiserConfig(group_scales=(("tau", 1.0),))},
            "no parameter group named 'tau'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train_targets": np.arange(203) % 4}, r"train_targets\[3\] is 3, expected a class in 0"),
        ({"test_targets": np.arange(57) % 3 + 10**8}, r"test_targets\[0\] is 100000000, expected"),
    ],
)
def test_a_class_that_the_learner_does_not_know_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(dataset=dataclasses.replace(blobs(), **change))
