/** gridnet: a box of cells with weights of their own, in blocks with a stale halo. */

import { type Fields, floats } from "./fields.ts";
import { CLASSES, type Common } from "./manifest.ts";
import { ModelError, type Tensors } from "./safetensors.ts";

export type Triple = readonly [number, number, number];
export const ACTIVATIONS = ["silu", "relu", "leaky_relu", "tanh"] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export interface GridnetModel extends Common {
  readonly family: "gridnet";
  readonly shape: Triple;
  readonly block: Triple;
  readonly inner: number;
  readonly outer: number;
  readonly activation: Activation;
  readonly isGated: boolean;
  readonly blockNorm: boolean;
  readonly blockEps: number;
  readonly outerResidual: boolean;
  readonly eps: number;
  readonly readEps: number;
  readonly layers: number;
  /** Sets of weights: one, or one for each outer step. */
  readonly sets: number;
  readonly face: Face;
  readonly initial: Float32Array;
  /** `[set, slot, (2,) cell]`. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly scale: Float32Array | null;
  readonly normWeight: Float32Array;
  readonly normBias: Float32Array;
  readonly readNormWeight: Float32Array;
  readonly readNormBias: Float32Array;
  readonly readWeight: Float32Array;
  readonly readBias: Float32Array;
}

/** Where the image is written, and how many image pixels make one cell's. */
export interface Face {
  readonly height: number;
  readonly width: number;
  readonly offset: number;
  readonly pool: number;
  readonly mean: number;
  readonly sd: number;
}

const MAX_SIDE = 64;
const MAX_CELLS = 64 * 64 * 64;
const MAX_UPDATES = 3e8;

export function readGridnet(fields: Fields, tensors: Tensors, common: Common): GridnetModel {
  const shape = fields.wholes("shape", 3, 1, MAX_SIDE) as unknown as Triple;
  const block = fields.wholes("block", 3, 1, MAX_SIDE) as unknown as Triple;
  const cells = shape[0] * shape[1] * shape[2];
  if (shape.some((side, axis) => side % block[axis]!)) {
    throw new ModelError(`blocks of [${block}] do not fill a lattice of [${shape}]`);
  }
  const inner = fields.whole("inner", 0, 64);
  const outer = fields.whole("outer", 1, 256);
  if (cells > MAX_CELLS || cells * 27 * inner * outer > MAX_UPDATES * 10) {
    throw new ModelError(`${cells} cells for ${outer} x ${inner} steps are more than the page can run`);
  }
  const isGated = fields.flag("gated");
  const sets = fields.flag("shares_weights") ? 1 : outer;
  const lead = sets === 1 ? [] : [sets];
  const two = isGated ? [2] : [];
  const layers = fields.whole("layers", 1, shape[2]);
  const read = shape[0] * shape[1] * layers;
  return {
    ...common,
    family: "gridnet",
    shape, block, inner, outer, isGated, sets, layers,
    activation: fields.choice("activation", ACTIVATIONS),
    blockNorm: fields.flag("block_norm"),
    blockEps: fields.number("block_eps", 0, 1),
    outerResidual: fields.flag("outer_residual"),
    eps: fields.number("eps", 0, 1),
    readEps: fields.number("read_eps", 0, 1),
    face: readFace(fields.within("face"), shape),
    initial: floats(tensors, "init_in", shape),
    weight: floats(tensors, "network.weight", [...lead, 27, ...two, ...shape]),
    bias: floats(tensors, "network.bias", [...lead, ...two, ...shape]),
    scale: isGated ? null : floats(tensors, "network.residual_scale", [...lead, ...shape]),
    normWeight: floats(tensors, "norm.weight", shape),
    normBias: floats(tensors, "norm.bias", shape),
    readNormWeight: floats(tensors, "readout.norm.weight", [read]),
    readNormBias: floats(tensors, "readout.norm.bias", [read]),
    readWeight: floats(tensors, "readout.proj.weight", [CLASSES, read]),
    readBias: floats(tensors, "readout.proj.bias", [CLASSES]),
  };
}

function readFace(fields: Fields, shape: Triple): Face {
  const face = {
    height: fields.whole("height", 1, MAX_SIDE),
    width: fields.whole("width", 1, MAX_SIDE),
    offset: fields.whole("offset", 0, MAX_SIDE),
    pool: fields.whole("pool", 1, 28),
    mean: fields.number("mean", -1e3, 1e3),
    sd: fields.number("sd", 1e-6, 1e3),
  };
  if (face.offset + face.height > shape[0] || face.offset + face.width > shape[1]) {
    throw new ModelError(`an image of ${face.height} x ${face.width} does not fit on the first face`);
  }
  if (face.height * face.pool !== 28 || face.width * face.pool !== 28) {
    throw new ModelError(`a face of ${face.height} x ${face.width} does not show 28 x 28 pixels`);
  }
  return face;
}
