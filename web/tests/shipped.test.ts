import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { aliveOf, Glom, Snapshots, verdictOf } from "../src/engines/glom.ts";
import { Gridnet } from "../src/engines/gridnet.ts";
import { forward } from "../src/engines/leaky.ts";
import { Tnn } from "../src/engines/tnn.ts";
import { encodeRows, type Model, readModel } from "../src/model/manifest.ts";

const MODELS = new URL("../../src/latticework/demo/models/", import.meta.url);
const NAMES = readdirSync(MODELS).filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -5));

function load(name: string): Model {
  const bytes = readFileSync(new URL(`${name}.safetensors`, MODELS));
  const weights = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  return readModel(JSON.parse(readFileSync(new URL(`${name}.json`, MODELS), "utf8")), weights);
}

function scoresOf(model: Model, image: Uint8Array): Float64Array {
  switch (model.family) {
    case "leaky":
      return forward(model.wiring, model.params, model.dt, model.readoutGain, encodeRows(model.input, image)).scores;
    case "tnn":
      return new Tnn(model).run(image).scores;
    case "gridnet": {
      const net = new Gridnet(model);
      let state = net.start(image);
      for (let outer = 0; outer < model.outer; outer++) state = net.step(state, outer).state;
      return net.read(state);
    }
    case "glom": {
      const net = new Glom(model);
      const [alive, bottom] = [aliveOf(model, image), net.bottom(image)];
      let state = net.start(image);
      const snapshots = new Snapshots(model, state);
      for (let t = 0; t < model.steps; t++) state = snapshots.apply(net.advance(state, bottom, alive), t);
      return verdictOf(model, model.divisors.length ? snapshots.finish(state) : state, alive);
    }
  }
}

describe.each(NAMES)("the shipped model %s", (name) => {
  const model = load(name);
  test("scores its probes as Python does", () => {
    expect(model.probes.length).toBe(10);
    for (const probe of model.probes) {
      const scores = scoresOf(model, probe.image);
      const scale = Math.max(1, ...probe.scores.map(Math.abs));
      scores.forEach((score, c) => expect(Math.abs(score - probe.scores[c]!)).toBeLessThan(1e-3 * scale));
    }
  });
});
