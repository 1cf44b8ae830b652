/** GLOM: columns of level vectors, nets shared by all sites. */

import { type Fields, floats } from "./fields.ts";
import { CLASSES, type Common } from "./manifest.ts";
import { ModelError, type Tensors } from "./safetensors.ts";

export interface Net {
  readonly kind: "bottom_up" | "same_level" | "top_down";
  readonly reads: number;
  readonly writes: number;
}

export interface GlomModel extends Common {
  readonly family: "glom";
  readonly rows: number;
  readonly cols: number;
  readonly levels: number;
  readonly length: number;
  readonly nets: readonly Net[];
  readonly steps: number;
  readonly scale: number;
  readonly update: "sum" | "average";
  readonly divisors: readonly number[];
  readonly factor: number;
  readonly refeed: boolean;
  /** Sites with no pixel above this nearby never change; null: all live. */
  readonly aliveAbove: number | null;
  readonly verdict: "vote" | "mean";
  readonly patch: number;
  readonly mean: number;
  readonly deviation: number;
  /** `[channel, pixel]`. */
  readonly basis: Float32Array;
  /** `[level - 1, channel, site]`: levels above the bottom before the first step. */
  readonly start: Float32Array;
  readonly weight1: Float32Array;
  readonly bias1: Float32Array;
  readonly weight2: Float32Array;
  readonly bias2: Float32Array;
  readonly weight3: Float32Array;
  readonly bias3: Float32Array;
  /** `[net, channel, 2]`, zero for nets that are told no place. */
  readonly place: Float32Array;
}

const MAX_WORK = 4e9;

export function readGlom(fields: Fields, tensors: Tensors, common: Common): GlomModel {
  const rows = fields.whole("rows", 1, 28);
  const cols = fields.whole("cols", 1, 28);
  const levels = fields.whole("levels", 2, 12);
  const length = fields.whole("length", CLASSES, 32);
  const steps = fields.whole("steps", 1, 400);
  const nets = readNets(fields.list("nets", 64), levels);
  const patch = fields.whole("patch", 1, 28);
  const count = nets.length;
  if (rows * patch !== 28 || cols * patch !== 28) {
    throw new ModelError(`${rows} x ${cols} patches of ${patch} pixels are not an image of 28 x 28`);
  }
  if (rows * cols * count * steps * 11 * length * length > MAX_WORK) {
    throw new ModelError("these columns take more work than the page can do");
  }
  const d = length;
  return {
    ...common,
    family: "glom",
    rows, cols, levels, length, nets, steps, patch,
    scale: fields.number("scale", 0, 100),
    update: fields.choice("update", ["sum", "average"] as const),
    divisors: fields.list("divisors", 8).map((n) => Math.max(1, Math.floor(Number(n)) || 1)),
    factor: fields.number("factor", 0, 10),
    refeed: fields.flag("refeed"),
    aliveAbove: fields.has("alive_above") ? fields.number("alive_above", 0, 1) : null,
    verdict: fields.choice("verdict", ["vote", "mean"] as const),
    mean: fields.number("mean", -10, 10),
    deviation: fields.number("deviation", 1e-6, 1e3),
    basis: floats(tensors, "basis", [d, patch * patch]),
    start: floats(tensors, "start", [levels - 1, d, rows * cols]),
    weight1: floats(tensors, "weight1", [count, d, 9 * d]),
    bias1: floats(tensors, "bias1", [count, d]),
    weight2: floats(tensors, "weight2", [count, d, d]),
    bias2: floats(tensors, "bias2", [count, d]),
    weight3: floats(tensors, "weight3", [count, d, d]),
    bias3: floats(tensors, "bias3", [count, d]),
    place: floats(tensors, "place", [count, d, 2]),
  };
}

function readNets(list: unknown[], levels: number): Net[] {
  return list.map((value, n) => {
    const net = value as Record<string, unknown>;
    const [kind, reads, writes] = [net?.["kind"], net?.["reads"], net?.["writes"]];
    const isLevel = (at: unknown, low: number) =>
      Number.isInteger(at) && (at as number) >= low && (at as number) < levels;
    if ((kind !== "bottom_up" && kind !== "same_level" && kind !== "top_down") || !isLevel(reads, 0) || !isLevel(writes, 1)) {
      throw new ModelError(`model.network.nets[${n}] is not a net between ${levels} levels`);
    }
    return { kind, reads: reads as number, writes: writes as number };
  });
}
