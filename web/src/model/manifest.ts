/** From the two files of `latticework export` to a model whose every number is known to fit. */

import { Fields, floats, indices } from "./fields.ts";
import { type GlomModel, readGlom } from "./glom.ts";
import { type GridnetModel, readGridnet } from "./gridnet.ts";
import { type LeakyModel, readLeaky } from "./leaky.ts";
import { ModelError, readSafetensors, type Tensors } from "./safetensors.ts";
import { readTnn, type TnnModel } from "./tnn.ts";

export const CLASSES = 10;
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
const BYTES = 256;
const MAX_CHANNELS = 4096;

/** What every model says about itself. */
export interface About {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly source: string;
  readonly dataset: string;
  readonly seed: number;
  readonly parameters: number;
  readonly accuracy: number | null;
  readonly accuracyNote: string;
}

/** Example images with the scores that Python gives them. */
export interface Probe {
  readonly label: number;
  readonly image: Uint8Array;
  readonly scores: Float64Array;
}

export interface Common {
  readonly about: About;
  readonly probes: readonly Probe[];
}

export type Model = LeakyModel | GridnetModel | GlomModel | TnnModel;
export type Family = Model["family"];

type Reader = (fields: Fields, tensors: Tensors, common: Common) => Model;
const READERS: Record<Family, Reader> = {
  leaky: readLeaky,
  gridnet: readGridnet,
  glom: readGlom,
  tnn: readTnn,
};

/** Check and read a model. Throws `ModelError` with one sentence. */
export function readModel(manifest: unknown, weights: ArrayBuffer): Model {
  const fields = Fields.of(manifest, "model");
  if (fields.raw("format") !== "latticework-model" || fields.raw("version") !== 1) {
    throw new ModelError("this is not a latticework model of version 1; export the run again");
  }
  const family = fields.choice("family", Object.keys(READERS) as Family[]);
  const tensors = readSafetensors(weights);
  const common = { about: readAbout(fields), probes: readProbes(fields) };
  return READERS[family](fields.within("network"), tensors, common);
}

function readAbout(fields: Fields): About {
  return {
    name: fields.text("name", 80),
    title: fields.text("title", 80),
    summary: fields.text("summary"),
    source: fields.text("source"),
    dataset: fields.text("dataset", 40),
    seed: fields.whole("seed", 0, Number.MAX_SAFE_INTEGER),
    parameters: fields.whole("parameters", 0, 1e9),
    accuracy: fields.has("accuracy") ? fields.number("accuracy", 0, 1) : null,
    accuracyNote: fields.text("accuracy_note"),
  };
}

function readProbes(fields: Fields): Probe[] {
  return fields.list("probes", 32).map((value, n) => {
    const probe = Fields.of(value, `model.probes[${n}]`);
    const scores = probe.list("scores", CLASSES);
    if (scores.length !== CLASSES || !scores.every((s) => typeof s === "number")) {
      throw new ModelError(`model.probes[${n}].scores are not ${CLASSES} numbers`);
    }
    return {
      label: probe.whole("label", 0, CLASSES - 1),
      image: bytesOf(probe.text("image", 2000), `model.probes[${n}].image`),
      scores: Float64Array.from(scores as number[]),
    };
  });
}

function bytesOf(base64: string, where: string): Uint8Array {
  let text: string;
  try {
    text = atob(base64);
  } catch {
    throw new ModelError(`${where} is not base64 text`);
  }
  if (text.length !== PIXELS) throw new ModelError(`${where} holds ${text.length} bytes, not ${PIXELS}`);
  return Uint8Array.from(text, (ch) => ch.charCodeAt(0));
}

/** How an image becomes a sequence: bytes scaled, put in an order, cut in steps, perhaps mixed. */
export interface RowInput {
  readonly steps: number;
  readonly channels: number;
  readonly perStep: number;
  readonly gain: number;
  readonly order: Int32Array | null;
  /** What the 256 bytes mean, and constants behind them; with `codes`. */
  readonly values: Float32Array | null;
  /** `[step, channel]`: the value that is shown, or as many more as there are than a pixel's number. */
  readonly codes: Int32Array | null;
  readonly projection: Float32Array | null;
}

export function readRowInput(fields: Fields, tensors: Tensors): RowInput {
  const perStep = fields.whole("per_step", 1, PIXELS);
  const channels = fields.whole("channels", 1, MAX_CHANNELS);
  const has = (name: string) => tensors.has(name);
  if (PIXELS % perStep) throw new ModelError(`${perStep} pixels per step do not divide ${PIXELS}`);
  const steps = PIXELS / perStep;
  const values = has("input.codes") ? floats(tensors, "input.values", [BYTES + steps]) : null;
  if (!has("input.projection") && !has("input.codes") && channels !== perStep) {
    throw new ModelError(`${channels} channels take ${perStep} pixels, but there is no projection`);
  }
  return {
    steps,
    channels,
    perStep,
    gain: fields.number("gain", 1e-6, 1e6),
    order: has("input.order") ? indices(tensors, "input.order", [PIXELS], 0, PIXELS) : null,
    values,
    codes: values && indices(tensors, "input.codes", [steps, channels], 0, values.length + PIXELS),
    projection: has("input.projection")
      ? floats(tensors, "input.projection", [channels, perStep])
      : null,
  };
}

/** `[step, channel]` as Python encodes it: two roundings to float32. */
export function encodeRows(input: RowInput, image: Uint8Array): Float64Array {
  const gain = Math.fround(input.gain);
  const scaled = (byte: number) => Math.fround(Math.fround(byte / 255) * gain);
  const { values, codes } = input;
  if (values && codes) {
    const count = values.length;
    return Float64Array.from(codes, (code) => values[code < count ? code : image[code - count]!]!);
  }
  const pixels = new Float64Array(PIXELS);
  for (let i = 0; i < PIXELS; i++) {
    const from = input.order ? input.order[i]! : i;
    pixels[i] = scaled(image[from]!);
  }
  if (!input.projection) return pixels;
  const { steps, channels, perStep, projection } = input;
  const mixed = new Float64Array(steps * channels);
  for (let t = 0; t < steps; t++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let p = 0; p < perStep; p++) sum += projection[c * perStep + p]! * pixels[t * perStep + p]!;
      mixed[t * channels + c] = sum;
    }
  }
  return mixed;
}
