/** GLOM in plain TypeScript: see models/glom.py, cells/level_nets.py, schedules/settling.py. */

import type { GlomModel } from "../model/glom.ts";

/** State `[level, channel, site]` and what the sites say. */
export interface GlomFrame {
  readonly state: Float32Array;
  readonly scores: Float64Array;
}

export class Glom {
  private readonly sites: number;
  private readonly plane: number;
  /** `[site, block]`: the nine sites around each, in the order of topologies/torus.py. */
  private readonly around: Int32Array;
  private readonly writers: number[];

  constructor(private readonly model: GlomModel) {
    const { rows, cols, levels, length, nets } = model;
    this.sites = rows * cols;
    this.plane = length * this.sites;
    this.around = neighbourhood(rows, cols);
    this.writers = Array.from({ length: levels }, (_, l) => nets.filter((net) => net.writes === l).length);
  }

  start(image: Uint8Array): Float32Array {
    const state = new Float32Array(this.model.levels * this.plane);
    state.set(this.model.start, this.plane);
    state.set(this.bottom(image));
    return state;
  }

  bottom(image: Uint8Array): Float32Array {
    return bottomOf(this.model, image);
  }

  /** s + what the nets say (or the mean), dead sites and the bottom held; without snapshots. */
  advance(state: Float32Array, bottom: Float32Array, alive: Uint8Array | null): Float32Array {
    const { model, plane, sites } = this;
    const said = this.said(state);
    const next = new Float32Array(state.length);
    for (let level = 0; level < model.levels; level++) {
      const share = model.update === "average" && level ? 1 / (1 + this.writers[level]!) : 1;
      for (let i = level * plane; i < (level + 1) * plane; i++) {
        const isHeld = alive && !alive[i % sites];
        next[i] = isHeld ? state[i]! : share * (state[i]! + said[i]!);
      }
    }
    if (model.refeed) next.set(bottom);
    return next;
  }

  private said(state: Float32Array): Float32Array {
    const { model, sites, plane, around } = this;
    const d = model.length;
    const said = new Float32Array(state.length);
    const seen = new Float64Array(9 * d);
    const [q, k] = [new Float64Array(d), new Float64Array(d)];
    for (let level = 0; level < model.levels; level++) {
      const readers = model.nets.map((net, n) => ({ ...net, n })).filter((net) => net.reads === level);
      for (let site = 0; site < sites && readers.length; site++) {
        for (let block = 0; block < 9; block++) {
          const from = level * plane + around[site * 9 + block]!;
          for (let c = 0; c < d; c++) seen[block * d + c] = state[from + c * sites]!;
        }
        const y = model.rows > 1 ? (2 * Math.floor(site / model.cols)) / (model.rows - 1) - 1 : -1;
        const x = model.cols > 1 ? (2 * (site % model.cols)) / (model.cols - 1) - 1 : -1;
        for (const { n, writes } of readers) {
          this.layer1(n, seen, q, y, x);
          this.layer(model.weight2, model.bias2, n, q, k);
          for (let c = 0; c < d; c++) k[c]! += q[c]!;
          for (let c = 0; c < d; c++) {
            let h = model.bias3[n * d + c]!;
            for (let e = 0; e < d; e++) h += model.weight3[(n * d + c) * d + e]! * k[e]!;
            said[writes * plane + c * sites + site]! += model.scale * (Math.tanh(h) + q[c]! + k[c]!);
          }
        }
      }
    }
    return said;
  }

  private layer1(n: number, seen: Float64Array, out: Float64Array, y: number, x: number): void {
    const { weight1, bias1, place, length: d } = this.model;
    for (let c = 0; c < d; c++) {
      const at = n * d + c;
      let h = bias1[at]! + place[2 * at]! * y + place[2 * at + 1]! * x;
      for (let e = 0, w = at * 9 * d; e < 9 * d; e++, w++) h += weight1[w]! * seen[e]!;
      out[c] = Math.tanh(h);
    }
  }

  private layer(weight: Float32Array, bias: Float32Array, n: number, x: Float64Array, out: Float64Array): void {
    const d = this.model.length;
    for (let c = 0; c < d; c++) {
      let h = bias[n * d + c]!;
      for (let e = 0, w = (n * d + c) * d; e < d; e++, w++) h += weight[w]! * x[e]!;
      out[c] = Math.tanh(h);
    }
  }
}

/** Earlier states that are added back; see schedules/settling.py. */
export class Snapshots {
  private readonly held: Float32Array[];
  private readonly periods: number[];

  constructor(private readonly model: GlomModel, start: Float32Array) {
    this.held = model.divisors.map(() => start);
    this.periods = model.divisors.map((divisor) => Math.max(1, Math.floor(model.steps / divisor)));
  }

  fires(step: number, n: number): boolean {
    return step % this.periods[n]! === 0;
  }

  apply(state: Float32Array, step: number): Float32Array {
    this.held.forEach((snapshot, n) => {
      if (!this.fires(step, n)) return;
      state = state.map((s, i) => s + this.model.factor * snapshot[i]!);
      this.held[n] = state;
    });
    return state;
  }

  finish(state: Float32Array): Float32Array {
    return state.map((s, i) => s + this.model.factor * this.held.reduce((sum, held) => sum + held[i]!, 0));
  }
}

export function bottomOf(model: GlomModel, image: Uint8Array): Float32Array {
  const { rows, cols, patch, length, basis, mean, deviation } = model;
  const bottom = new Float32Array(length * rows * cols);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) {
      for (let ch = 0; ch < length; ch++) {
        let sum = 0;
        for (let p = 0; p < patch * patch; p++) {
          const pixel = image[(r * patch + Math.floor(p / patch)) * 28 + c * patch + (p % patch)]! / 255;
          sum += basis[ch * patch * patch + p]! * ((pixel - mean) / deviation);
        }
        bottom[ch * rows * cols + r * cols + c] = sum;
      }
    }
  }
  return bottom;
}

/** Sites with ink above the threshold around them; null where all live. */
export function aliveOf(model: GlomModel, image: Uint8Array): Uint8Array | null {
  const { rows, cols, patch, aliveAbove } = model;
  if (aliveAbove === null) return null;
  const ink = new Uint8Array(rows * cols);
  for (let i = 0; i < 784; i++) {
    if (image[i]! / 255 <= aliveAbove) continue;
    ink[Math.floor(Math.floor(i / 28) / patch) * cols + Math.floor((i % 28) / patch)] = 1;
  }
  const around = neighbourhood(rows, cols);
  return ink.map((_, site) => Number([...around.subarray(9 * site, 9 * site + 9)].some((s) => ink[s])));
}

/** Votes for each class, or the mean top vector. */
export function verdictOf(model: GlomModel, state: Float32Array, alive: Uint8Array | null): Float64Array {
  const sites = model.rows * model.cols;
  const top = (model.levels - 1) * model.length * sites;
  const scores = new Float64Array(10);
  let count = 0;
  for (let site = 0; site < sites; site++) {
    if (alive && !alive[site]) continue;
    count++;
    const winner = voteAt(model, state, site);
    for (let c = 0; c < 10; c++) {
      scores[c]! += model.verdict === "mean" ? state[top + c * sites + site]! : Number(c === winner);
    }
  }
  return model.verdict === "mean" ? scores.map((s) => s / Math.max(count, 1)) : scores;
}

/** The class that one site votes for: its first largest channel. */
export function voteAt(model: GlomModel, state: Float32Array, site: number): number {
  const sites = model.rows * model.cols;
  const top = (model.levels - 1) * model.length * sites + site;
  let best = 0;
  for (let c = 1; c < model.length; c++) if (state[top + c * sites]! > state[top + best * sites]!) best = c;
  return best;
}

/** Block 3 (sy + 1) + sx + 1 of site (i, j) is the site (i - sy, j - sx) of the torus. */
export function neighbourhood(rows: number, cols: number): Int32Array {
  const around = new Int32Array(rows * cols * 9);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      for (let block = 0; block < 9; block++) {
        const [sy, sx] = [Math.floor(block / 3) - 1, (block % 3) - 1];
        around[(i * cols + j) * 9 + block] = ((i - sy + rows) % rows) * cols + ((j - sx + cols) % cols);
      }
    }
  }
  return around;
}
