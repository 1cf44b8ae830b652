/** The leaky family: a wiring table and four numbers per two-input cell. */

import { type Fields, floats, indices } from "./fields.ts";
import { type Common, CLASSES, readRowInput, type RowInput } from "./manifest.ts";
import { ModelError, type Tensors } from "./safetensors.ts";

const MAX_CELLS = 20_000;
const MAX_SLOTS = 1024;
const MAX_TABLE = 1_000_000;

/** Who feeds whom; cells are numbered so that predecessors come first. -1: nothing. */
export interface Wiring {
  readonly cells: number;
  readonly slots: number;
  readonly channels: number;
  readonly classes: number;
  readonly members: number;
  readonly pred: Int32Array;
  readonly channel: Int32Array;
  readonly ports: Int32Array;
  /** `[class, member]`: 1, or -1 where a cell counts against the class. */
  readonly signs: Int32Array;
  readonly coordinates: Float32Array;
  readonly depth: Int32Array;
  readonly maxDepth: number;
}

export interface LeakyParams {
  logTau: Float64Array;
  weight: Float64Array;
  bias: Float64Array;
}

export type Layout = "grid" | "forest" | "layers" | "free";

export interface LeakyModel extends Common {
  readonly family: "leaky";
  readonly layout: Layout;
  readonly dt: number;
  readonly readoutGain: number;
  readonly hops: number;
  readonly input: RowInput;
  readonly wiring: Wiring;
  readonly params: LeakyParams;
}

export function readLeaky(fields: Fields, tensors: Tensors, common: Common): LeakyModel {
  const input = readRowInput(fields.within("input"), tensors);
  const wiring = readWiring(fields, tensors, input.channels);
  const { cells, slots } = wiring;
  const logTau = floats(tensors, "log_tau", [cells]);
  return {
    ...common,
    family: "leaky",
    layout: fields.choice("layout", ["grid", "forest", "layers", "free"] as const),
    dt: fields.number("dt", 1e-9, 1e3),
    readoutGain: fields.number("readout_gain", 1e-9, 1e9),
    hops: fields.whole("hops", 0, 8),
    input,
    wiring,
    params: {
      logTau: Float64Array.from(logTau),
      weight: Float64Array.from(floats(tensors, "weight", [cells, slots])),
      bias: Float64Array.from(floats(tensors, "bias", [cells])),
    },
  };
}

function readWiring(fields: Fields, tensors: Tensors, channels: number): Wiring {
  const cells = fields.whole("cells", 1, MAX_CELLS);
  const slots = fields.whole("slots", 1, MAX_SLOTS);
  const members = fields.whole("members", 1, cells);
  if (cells * slots > MAX_TABLE) {
    throw new ModelError(`${cells} cells of ${slots} slots are more than the page can run`);
  }
  const pred = indices(tensors, "pred", [cells, slots], -1, cells);
  const depth = new Int32Array(cells);
  for (let k = 0; k < cells; k++) {
    for (let f = 0; f < slots; f++) {
      const p = pred[k * slots + f]!;
      if (p >= k) throw new ModelError(`cell ${k} is fed by cell ${p}, which is not before it`);
      if (p >= 0) depth[k] = Math.max(depth[k]!, depth[p]! + 1);
    }
  }
  return {
    cells,
    slots,
    channels,
    classes: CLASSES,
    members,
    pred,
    channel: indices(tensors, "channel", [cells, slots], -1, channels),
    ports: indices(tensors, "ports", [CLASSES, members], 0, cells),
    signs: tensors.has("signs")
      ? indices(tensors, "signs", [CLASSES, members], -1, 2)
      : new Int32Array(CLASSES * members).fill(1),
    coordinates: floats(tensors, "coordinates", [cells, 2]),
    depth,
    maxDepth: depth.reduce((most, d) => Math.max(most, d), 0),
  };
}
