import { expect, test } from "vitest";
import { delayed, popcount, rampTrains, Tnn } from "../src/engines/tnn.ts";
import type { TnnModel } from "../src/model/tnn.ts";

/** Two inputs, three cells that race, a buffer that feeds them back; worked by hand. */
function tiny(change: Partial<TnnModel> = {}): TnnModel {
  return {
    about: null as never, probes: [], family: "tnn",
    waves: 28, length: 4, lastStep: 4, separateWaves: true,
    crop: 28, lines: 1, stride: 1, isOnOff: false,
    inputs: [{ name: "in", channels: [0, 1] }],
    columns: [{ name: "col", size: 3, threshold: 2, winners: 1 }],
    buffers: [{ name: "buf", of: "col", height: 1 }],
    links: [
      { source: "in", target: "col", height: 1, weight: Float32Array.of(2, 1, 0, 0, 1, 2) },
      { source: "buf", target: "col", height: 1, weight: new Float32Array(9) },
    ],
    sizes: { in: 2, col: 3, buf: 3 },
    read: ["col"], readsAll: true, scale: 1,
    weight: new Float32Array(10 * 84).fill(1), bias: new Float32Array(10),
    ...change,
  };
}

const image = new Uint8Array(784);
image[0] = 255; // wave 0: input 0 at step 0
image[28 + 1] = 128; // wave 1: input 1 late
image[56] = 128;
image[57] = 255; // wave 2: input 1 first

test("the ramp code turns bright pixels into early spikes", () => {
  const trains = rampTrains(tiny(), image);
  expect(trains[0]![0]).toBe(0b1111);
  expect(trains[1]![1]).toBe(0b1110); // ceil(4 * 128 / 255) = 3 steps
});

test("a connection costs one step and may carry the last step of the wave before", () => {
  expect(delayed(0b1111, 0, 4)).toBe(0b1110);
  expect(delayed(0, 0b1000, 4)).toBe(0b0001);
  expect(popcount(0b1011)).toBe(3);
});

test("the first to cross wins, and the buffer shows it one wave later", () => {
  const { trains, scores } = new Tnn(tiny()).run(image);
  const at = (name: string, wave: number) => [...trains[name]!.subarray(wave * 3, wave * 3 + 3)];
  expect(at("col", 0)).toEqual([0b1110, 0, 0]);
  expect(at("buf", 0)).toEqual([0, 0, 0]);
  expect(at("buf", 1)).toEqual([0b1100, 0, 0]);
  expect(at("col", 2)).toEqual([0, 0, 0b1110]);
  expect(scores[0]).toBeGreaterThan(5);
  expect(new Set(scores).size).toBe(1);
});

test("without room for all, ties go to the first in the column", () => {
  const same = new Float32Array(6).fill(2);
  const links = [{ source: "in", target: "col", height: 1, weight: same }];
  const two = [{ name: "col", size: 3, threshold: 2, winners: 2 }];
  const { trains } = new Tnn(tiny({ links, columns: two })).run(image);
  expect([...trains["col"]!.subarray(0, 3)]).toEqual([0b1110, 0b1110, 0]);
  const free = [{ name: "col", size: 3, threshold: 2, winners: null }];
  const all = new Tnn(tiny({ links, columns: free })).run(image).trains["col"]!;
  expect([...all.subarray(0, 3)]).toEqual([0b1110, 0b1110, 0b1110]);
});

test("what is carried over drives the first step", () => {
  const { trains } = new Tnn(tiny({ separateWaves: false })).run(image);
  expect(trains["col"]![3 * 1]! & 1).toBe(1);
  expect(new Tnn(tiny()).run(image).trains["col"]![3 * 1]! & 1).toBe(0);
});
