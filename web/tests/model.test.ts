import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { forward } from "../src/engines/leaky.ts";
import { LeakyTrainer } from "../src/engines/leakyTrainer.ts";
import type { LeakyModel } from "../src/model/leaky.ts";
import { encodeRows, readModel } from "../src/model/manifest.ts";
import { readSafetensors } from "../src/model/safetensors.ts";

const MODELS = new URL("../../src/latticework/demo/models/", import.meta.url);

function files(name: string): { manifest: Record<string, unknown>; weights: ArrayBuffer } {
  const bytes = readFileSync(new URL(`${name}.safetensors`, MODELS));
  return {
    manifest: JSON.parse(readFileSync(new URL(`${name}.json`, MODELS), "utf8")),
    weights: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  };
}

function safetensors(header: unknown, payload = 0, announced?: bigint): ArrayBuffer {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const bytes = new TextEncoder().encode(text);
  const whole = new Uint8Array(8 + bytes.length + payload);
  new DataView(whole.buffer).setBigUint64(0, announced ?? BigInt(bytes.length), true);
  whole.set(bytes, 8);
  return whole.buffer;
}

const f32 = (shape: unknown, offsets: unknown) => ({ dtype: "F32", shape, data_offsets: offsets });

describe("hostile files are refused with a sentence", () => {
  test.each([
    ["an empty file", new ArrayBuffer(0), /header length/],
    ["a header that is longer than the file", safetensors({}, 0, 99n), /announces 99/],
    ["a header of 2^63 bytes", safetensors({}, 0, 2n ** 63n), /announces/],
    ["no JSON", safetensors("{{"), /not JSON/],
    ["a list", safetensors([]), /not a JSON object/],
    ["another type", safetensors({ a: { dtype: "F16", shape: [1], data_offsets: [0, 2] } }, 2), /F16/],
    ["a negative size", safetensors({ a: f32([-1], [0, 4]) }, 4), /shape/],
    ["a huge shape", safetensors({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, 4), /needs/],
    ["a fraction as a size", safetensors({ a: f32([1.5], [0, 4]) }, 4), /shape/],
    ["offsets outside", safetensors({ a: f32([2], [0, 8]) }, 4), /outside/],
    ["offsets backwards", safetensors({ a: f32([1], [4, 0]) }, 4), /outside/],
    ["an overlap", safetensors({ a: f32([1], [0, 4]), b: f32([1], [0, 4]) }, 4), /begins at 0/],
    ["a gap", safetensors({ a: f32([1], [4, 8]) }, 8), /begins at 4/],
    ["bytes left over", safetensors({ a: f32([1], [0, 4]) }, 8), /8 are there/],
    ["a null entry", safetensors({ a: null }), /object/],
    ["too many tensors", safetensors(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, f32([0], [0, 0])]))), /300 tensors/],
  ])("%s", (_, buffer, message) => {
    expect(() => readSafetensors(buffer as ArrayBuffer)).toThrow(message as RegExp);
  });

  test("numbers that are not finite", () => {
    const buffer = safetensors({ a: f32([1], [0, 4]) }, 4);
    new DataView(buffer).setFloat32(buffer.byteLength - 4, NaN, true);
    expect(() => readSafetensors(buffer)).toThrow(/not finite/);
  });
});

describe("manifests that do not fit are refused", () => {
  const { manifest, weights } = files("grid");
  const network = manifest["network"] as Record<string, unknown>;
  const changed = (change: Record<string, unknown>) => ({ ...manifest, network: { ...network, ...change } });
  test.each([
    ["nothing", null, /not a JSON object/],
    ["another format", { ...manifest, format: "x" }, /not a latticework model/],
    ["another version", { ...manifest, version: 2 }, /version 1/],
    ["another family", { ...manifest, family: "x" }, /family/],
    ["another number of cells", changed({ cells: 281 }), /shape/],
    ["too many cells", changed({ cells: 1e9 }), /cells/],
    ["a step of nothing", changed({ dt: 0 }), /dt/],
    ["channels that nothing fills", changed({ input: { per_step: 28, channels: 5, gain: 1 } }), /channels/],
    ["probes without an image", { ...manifest, probes: [{ label: 1, image: "", scores: [] }] }, /scores/],
  ])("%s", (_, value, message) => {
    expect(() => readModel(value, weights)).toThrow(message as RegExp);
  });

  test("a cell that is fed by a later one", () => {
    const copy = weights.slice(0);
    const length = Number(new DataView(copy).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(copy, 8, length)));
    new DataView(copy).setInt32(8 + length + header.pred.data_offsets[0], 7, true);
    expect(() => readModel(manifest, copy)).toThrow(/not before it/);
  });
});

describe.each(["grid", "trees"])("the shipped model %s", (name) => {
  const { manifest, weights } = files(name);
  const model = readModel(manifest, weights) as LeakyModel;

  test("scores its probes as Python does", () => {
    expect(model.probes.length).toBe(10);
    for (const probe of model.probes) {
      const inputs = encodeRows(model.input, probe.image);
      const { scores } = forward(model.wiring, model.params, model.dt, model.readoutGain, inputs);
      scores.forEach((score, c) => expect(Math.abs(score - probe.scores[c]!)).toBeLessThan(1e-3));
    }
  });

  test("learns a drawing, and forgets", () => {
    const trainer = new LeakyTrainer(model, model.hops);
    const lesson = { image: model.probes[3]!.image, label: 8 };
    const first = trainer.step([lesson]);
    let last = first;
    for (let n = 0; n < 60; n++) last = trainer.step([lesson]);
    expect(last.loss).toBeLessThan(first.loss / 4);
    expect(last.right).toBe(1);
    trainer.restore();
    expect(trainer.step([lesson]).loss).toBeCloseTo(first.loss, 12);
    trainer.forget(() => 0.25);
    expect(trainer.params.weight.every((w) => w < 0)).toBe(true);
  });
});
