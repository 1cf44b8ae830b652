/** gridnet in plain TypeScript: see schedules/blocked.py, cells/neighbour_mix.py. */

import type { Activation, GridnetModel } from "../model/gridnet.ts";

/** State after each inner step (before normalising), and after the outer step. */
export interface OuterStep {
  readonly inner: Float32Array;
  readonly state: Float32Array;
}

const PHI: Record<Activation, (h: number) => number> = {
  silu: (h) => h / (1 + Math.exp(-h)),
  relu: (h) => (h > 0 ? h : 0),
  leaky_relu: (h) => (h > 0 ? h : 0.01 * h),
  tanh: Math.tanh,
};

export class Gridnet {
  private readonly cells: number;
  /** `[set, cell, channel, slot]`: a cell's weights lie together. */
  private readonly weight: Float32Array;
  private readonly window: [Float64Array, Float64Array];

  constructor(private readonly model: GridnetModel) {
    const [m, n, k] = model.shape;
    this.cells = m * n * k;
    this.weight = cellMajor(model, this.cells);
    const [a, b, c] = model.block;
    const size = (a + 2) * (b + 2) * (c + 2);
    this.window = [new Float64Array(size), new Float64Array(size)];
  }

  /** The learned initial state with the image in its first face. */
  start(image: Uint8Array): Float32Array {
    return startOf(this.model, image);
  }

  /** One outer step: blocks by themselves, then the normalisation of the whole box. */
  step(state: Float32Array, outer: number): OuterStep {
    const { model, cells } = this;
    const { normWeight, normBias, eps } = model;
    const seen = model.outerResidual ? layerNorm(state, normWeight, normBias, eps) : state;
    const inner = new Float32Array(model.inner * cells);
    this.sweep(seen, inner, model.sets > 1 ? outer : 0);
    const swept = model.inner ? inner.subarray((model.inner - 1) * cells) : seen;
    if (!model.outerResidual) return { inner, state: layerNorm(swept, normWeight, normBias, eps) };
    return { inner, state: state.map((x, p) => x + swept[p]! - seen[p]!) };
  }

  private sweep(state: Float32Array, inner: Float32Array, set: number): void {
    const [m, n, k] = this.model.shape;
    const [a, b, c] = this.model.block;
    for (let i = 0; i < m; i += a) {
      for (let j = 0; j < n; j += b) {
        for (let l = 0; l < k; l += c) this.block(state, inner, set, i, j, l);
      }
    }
  }

  private block(state: Float32Array, inner: Float32Array, set: number, i0: number, j0: number, l0: number): void {
    const { model, cells } = this;
    const [m, n, k] = model.shape;
    const [a, b, c] = model.block;
    let [now, next] = this.window;
    const [rows, line] = [(b + 2) * (c + 2), c + 2];
    let at = 0;
    for (let i = i0 - 1; i <= i0 + a; i++) {
      for (let j = j0 - 1; j <= j0 + b; j++) {
        for (let l = l0 - 1; l <= l0 + c; l++, at++) {
          const isIn = i >= 0 && i < m && j >= 0 && j < n && l >= 0 && l < k;
          now[at] = isIn ? state[(i * n + j) * k + l]! : 0;
        }
      }
    }
    next.set(now);
    const phi = PHI[model.activation];
    const stride = 27 * (model.isGated ? 2 : 1);
    const [bias, scale] = [model.bias, model.scale];
    const biasAt = set * cells * (model.isGated ? 2 : 1);
    for (let t = 0; t < model.inner; t++) {
      const [mu, gain] = model.blockNorm ? moments(now, model.blockEps) : [0, 1];
      for (let i = 0; i < a; i++) {
        for (let j = 0; j < b; j++) {
          for (let l = 0; l < c; l++) {
            const p = ((i0 + i) * n + j0 + j) * k + l0 + l;
            const centre = (i + 1) * rows + (j + 1) * line + l + 1;
            const w = (set * cells + p) * stride;
            const u = now[centre]!;
            const h = bias[biasAt + p]! + this.dot(now, centre - rows - line - 1, rows, line, w, mu, gain);
            let value: number;
            if (scale) value = u + scale[set * cells + p]! * phi(h);
            else {
              const g0 = bias[biasAt + cells + p]! + this.dot(now, centre - rows - line - 1, rows, line, w + 27, mu, gain);
              const g = 1 / (1 + Math.exp(-g0));
              value = g * u + (1 - g) * phi(h);
            }
            next[centre] = value;
            inner[t * cells + p] = value;
          }
        }
      }
      [now, next] = [next, now];
    }
  }

  /** sum_d W_d (z_d - mu) gain over the 27 neighbours from the corner `at`. */
  private dot(z: Float64Array, at: number, rows: number, line: number, w: number, mu: number, gain: number): number {
    const weight = this.weight;
    let sum = 0;
    let total = 0;
    for (let a = 0; a < 3; a++) {
      for (let b = 0; b < 3; b++, w += 3) {
        const q = at + a * rows + b * line;
        sum += weight[w]! * z[q]! + weight[w + 1]! * z[q + 1]! + weight[w + 2]! * z[q + 2]!;
        if (mu) total += weight[w]! + weight[w + 1]! + weight[w + 2]!;
      }
    }
    return gain * (sum - mu * total);
  }

  /** LayerNorm of the last layers, then a linear map. */
  read(state: Float32Array): Float64Array {
    return readOf(this.model, state);
  }
}

export function startOf(model: GridnetModel, image: Uint8Array): Float32Array {
  const { face, shape, initial } = model;
  const state = initial.slice();
  for (let r = 0; r < face.height; r++) {
    for (let c = 0; c < face.width; c++) {
      let sum = 0;
      for (let y = 0; y < face.pool; y++) {
        for (let x = 0; x < face.pool; x++) sum += image[(r * face.pool + y) * 28 + c * face.pool + x]!;
      }
      const pixel = sum / 255 / face.pool ** 2;
      state[((face.offset + r) * shape[1] + face.offset + c) * shape[2]] = (pixel - face.mean) / face.sd;
    }
  }
  return state;
}

export function readOf(model: GridnetModel, state: Float32Array): Float64Array {
  const [m, n, k] = model.shape;
  const { layers, readWeight, readBias } = model;
  const slab = new Float32Array(m * n * layers);
  for (let p = 0; p < m * n; p++) {
    for (let l = 0; l < layers; l++) slab[p * layers + l] = state[p * k + k - layers + l]!;
  }
  const seen = layerNorm(slab, model.readNormWeight, model.readNormBias, model.readEps);
  return Float64Array.from(readBias, (bias, c) => {
    let sum = bias;
    for (let p = 0; p < seen.length; p++) sum += readWeight[c * seen.length + p]! * seen[p]!;
    return sum;
  });
}

/** (x - mean) / sqrt(var + eps) w + b over all of x. */
export function layerNorm(x: Float32Array, w: Float32Array, b: Float32Array, eps: number): Float32Array {
  let mean = 0;
  for (const v of x) mean += v;
  mean /= x.length;
  let variance = 0;
  for (const v of x) variance += (v - mean) * (v - mean);
  const gain = 1 / Math.sqrt(variance / x.length + eps);
  const y = new Float32Array(x.length);
  for (let p = 0; p < x.length; p++) y[p] = (x[p]! - mean) * gain * w[p]! + b[p]!;
  return y;
}

/** Mean and 1 / (sd + eps) over a whole window, halo and zeros included. */
function moments(z: Float64Array, eps: number): [number, number] {
  let mean = 0;
  for (const v of z) mean += v;
  mean /= z.length;
  let variance = 0;
  for (const v of z) variance += (v - mean) * (v - mean);
  const sd = Math.sqrt(variance / z.length);
  return [mean, sd + eps > 0 ? 1 / (sd + eps) : 0];
}

function cellMajor(model: GridnetModel, cells: number): Float32Array {
  const channels = model.isGated ? 2 : 1;
  const turned = new Float32Array(model.weight.length);
  for (let s = 0; s < model.sets; s++) {
    for (let d = 0; d < 27; d++) {
      for (let ch = 0; ch < channels; ch++) {
        const from = ((s * 27 + d) * channels + ch) * cells;
        for (let p = 0; p < cells; p++) {
          turned[((s * cells + p) * channels + ch) * 27 + d] = model.weight[from + p]!;
        }
      }
    }
  }
  return turned;
}
