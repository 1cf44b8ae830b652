import { describe, expect, test } from "vitest";
import { hopTrace, influencePairs } from "../src/engines/hopTrace.ts";
import { forward, softmax } from "../src/engines/leaky.ts";
import type { LeakyParams, Wiring } from "../src/model/leaky.ts";
import cases from "./fixtures/leaky.json";

type Case = (typeof cases)["grid"];

function wiringOf(one: Case): Wiring {
  return {
    cells: one.cells, slots: one.slots, channels: one.channels, classes: one.classes,
    members: one.members,
    pred: Int32Array.from(one.pred), channel: Int32Array.from(one.channel),
    ports: Int32Array.from(one.ports), signs: Int32Array.from(one.signs), coordinates: new Float32Array(2 * one.cells),
    depth: Int32Array.from(one.depth), maxDepth: Math.max(...one.depth),
  };
}

function paramsOf(group: { log_tau: number[]; weight: number[]; bias: number[] }): LeakyParams {
  return {
    logTau: Float64Array.from(group.log_tau),
    weight: Float64Array.from(group.weight),
    bias: Float64Array.from(group.bias),
  };
}

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

describe.each(Object.entries(cases))("%s as Python computes it", (_, one) => {
  const wiring = wiringOf(one as Case);
  const params = paramsOf(one.params);
  const inputs = Float64Array.from(one.inputs);
  const activity = forward(wiring, params, one.dt, one.readout_gain, inputs);

  test("forward", () => {
    expect(furthest(activity.outputs, one.outputs)).toBeLessThan(1e-12);
    expect(furthest(activity.states, one.states)).toBeLessThan(1e-12);
  });

  test.each(Object.entries(one.directions))("the rule at %s hops", (name, expected) => {
    const hops = Number(name);
    const learned = hopTrace(
      wiring, influencePairs(wiring, hops), params, one.dt, one.readout_gain, inputs, activity,
      one.target,
    );
    expect(learned.loss).toBeCloseTo(expected.loss, 10);
    const wanted = paramsOf(expected);
    for (const group of ["logTau", "weight", "bias"] as const) {
      expect(furthest(learned.direction[group], wanted[group])).toBeLessThan(1e-11);
    }
  });
});

test("hops make a difference on a grid", () => {
  const { directions } = cases.grid;
  expect(furthest(directions["0"].weight, directions["1"].weight)).toBeGreaterThan(1e-4);
  expect(furthest(directions["1"].weight, directions["3"].weight)).toBeGreaterThan(1e-6);
});

test("softmax of large scores does not overflow", () => {
  expect(softmax([1000, 1001]).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
});
