import { describe, expect, test } from "vitest";
import { aliveOf, Glom, Snapshots, verdictOf } from "../src/engines/glom.ts";
import { Gridnet } from "../src/engines/gridnet.ts";
import type { GlomModel } from "../src/model/glom.ts";
import type { GridnetModel } from "../src/model/gridnet.ts";
import gloms from "./fixtures/glom.json";
import gridnets from "./fixtures/gridnet.json";

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

const about = { about: null as never, probes: [] };

describe.each(Object.entries(gridnets))("gridnet, %s, as Python computes it", (_, one) => {
  const tensors = one.tensors as Record<string, number[]>;
  const floats = (name: string) => Float32Array.from(tensors[name]!);
  const { choices } = one;
  const model = {
    ...about,
    family: "gridnet",
    shape: [4, 4, 4], block: [2, 4, 2], inner: 2, outer: 2,
    activation: choices.activation, isGated: choices.gated, blockNorm: choices.block_norm, blockEps: 1e-5,
    outerResidual: choices.outer_residual, eps: 1e-5, readEps: 1e-5, layers: choices.layers,
    sets: choices.shares_weights ? 1 : 2,
    face: { height: 4, width: 4, offset: 0, pool: 1, mean: 0.1307, sd: 0.3081 },
    initial: floats("init_in"),
    weight: floats("network.weight"), bias: floats("network.bias"),
    scale: choices.gated ? null : floats("network.residual_scale"),
    normWeight: floats("norm.weight"), normBias: floats("norm.bias"),
    readNormWeight: floats("readout.norm.weight"), readNormBias: floats("readout.norm.bias"),
    readWeight: floats("readout.proj.weight"), readBias: floats("readout.proj.bias"),
  } as unknown as GridnetModel;
  const image = new Uint8Array(784);
  for (let r = 0; r < 4; r++) for (let c = 0; c < 4; c++) image[r * 28 + c] = one.image[r * 4 + c]!;

  test("states and outputs", () => {
    const net = new Gridnet(model);
    let state = net.start(image);
    for (let outer = 0; outer < 2; outer++) {
      const step = net.step(state, outer);
      state = step.state;
      expect(furthest(state, one.trace.slice(outer * 64, outer * 64 + 64))).toBeLessThan(2e-5);
      expect(step.inner.length).toBe(128);
    }
    expect(furthest(net.read(state), one.outputs)).toBeLessThan(5e-5);
  });
});

describe.each(Object.entries(gloms))("GLOM, %s, as Python computes it", (_, one) => {
  const tensors = one.tensors as Record<string, number[]>;
  const floats = (name: string) => Float32Array.from(tensors[name]!);
  const length = tensors["bias2"]!.length / one.nets.length;
  const place = new Float32Array(one.nets.length * length * 2);
  const told = tensors["place"] ?? [];
  place.set(told, place.length - told.length);
  const { settling } = one;
  const model = {
    ...about,
    family: "glom",
    rows: 4, cols: 4, patch: 7, length,
    levels: 1 + Math.max(...one.nets.map((net) => net.writes)),
    nets: one.nets, steps: settling.steps, scale: one.scale, update: settling.update,
    divisors: settling.divisors, factor: settling.factor, refeed: settling.refeed,
    aliveAbove: settling.alive_above, verdict: "vote", mean: 0.1307, deviation: 0.3081,
    basis: Float32Array.from(one.basis), start: Float32Array.from(one.start),
    weight1: floats("weight1"), bias1: floats("bias1"), weight2: floats("weight2"),
    bias2: floats("bias2"), weight3: floats("weight3"), bias3: floats("bias3"), place,
  } as unknown as GlomModel;
  const image = Uint8Array.from(one.image);

  test("every state, and the last with its snapshots", () => {
    const net = new Glom(model);
    const alive = aliveOf(model, image);
    const bottom = net.bottom(image);
    let state = net.start(image);
    const snapshots = new Snapshots(model, state);
    const size = state.length;
    for (let t = 0; t < settling.steps; t++) {
      state = snapshots.apply(net.advance(state, bottom, alive), t);
      expect(furthest(state, one.states.slice(t * size, (t + 1) * size))).toBeLessThan(1e-4);
    }
    if (settling.divisors.length) state = snapshots.finish(state);
    expect(furthest(state, one.last)).toBeLessThan(2e-4);
    const votes = verdictOf(model, state, alive);
    expect(votes.reduce((a, b) => a + b)).toBeLessThanOrEqual(16);
    if (alive) expect(alive.some((a) => a === 0)).toBe(true);
  });
});
