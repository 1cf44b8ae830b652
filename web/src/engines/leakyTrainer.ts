/** Learning in the page: the local rule on a handful of drawings, one Adam step after another. */

import type { LeakyModel, LeakyParams } from "../model/leaky.ts";
import { encodeRows } from "../model/manifest.ts";
import { hopTrace, influencePairs, type Pairs } from "./hopTrace.ts";
import { forward } from "./leaky.ts";

export interface Lesson {
  readonly image: Uint8Array;
  readonly label: number;
}

export interface Progress {
  readonly steps: number;
  readonly loss: number;
  readonly right: number;
  readonly of: number;
}

const GROUPS = ["logTau", "weight", "bias"] as const;
const B1 = 0.9;
const B2 = 0.999;
const EPS = 1e-8;
const CLIP = 1;

export class LeakyTrainer {
  params: LeakyParams;
  private mean: LeakyParams;
  private square: LeakyParams;
  private readonly pairs: Pairs;
  private steps = 0;

  constructor(
    private readonly model: LeakyModel,
    readonly hops: number,
    private readonly rate = 3e-3,
  ) {
    this.pairs = influencePairs(model.wiring, hops);
    this.params = copy(model.params);
    this.mean = zeros(model.params);
    this.square = zeros(model.params);
  }

  /** Weights as at birth: signs of one size, short time constants (the recipe grid-best). */
  forget(random: () => number = Math.random): void {
    const { wiring } = this.model;
    for (let k = 0; k < wiring.cells; k++) {
      let fanIn = 0;
      for (let f = 0; f < wiring.slots; f++) {
        const i = k * wiring.slots + f;
        if (wiring.pred[i]! >= 0 || wiring.channel[i]! >= 0) fanIn++;
      }
      for (let f = 0; f < wiring.slots; f++) {
        const size = 1.3 / Math.sqrt(Math.max(fanIn, 2));
        this.params.weight[k * wiring.slots + f] = random() < 0.5 ? -size : size;
      }
      this.params.bias[k] = 0.1 * (random() - 0.5);
      this.params.logTau[k] = Math.log(0.2e-3) + random() * Math.log(5);
    }
    this.restart();
  }

  /** Back to what was loaded. */
  restore(): void {
    this.params = copy(this.model.params);
    this.restart();
  }

  private restart(): void {
    this.mean = zeros(this.params);
    this.square = zeros(this.params);
    this.steps = 0;
  }

  /** One step on all lessons: the mean direction of the rule, clipped, through Adam. */
  step(lessons: readonly Lesson[]): Progress {
    const { model, params } = this;
    const total = zeros(params);
    let loss = 0;
    let right = 0;
    for (const { image, label } of lessons) {
      const inputs = encodeRows(model.input, image);
      const activity = forward(model.wiring, params, model.dt, model.readoutGain, inputs);
      const learned = hopTrace(
        model.wiring, this.pairs, params, model.dt, model.readoutGain, inputs, activity, label,
      );
      loss += learned.loss / lessons.length;
      if (firstMaximum(activity.scores) === label) right++;
      for (const group of GROUPS) {
        const into = total[group];
        learned.direction[group].forEach((d, i) => (into[i]! += d / lessons.length));
      }
    }
    this.descend(total);
    return { steps: this.steps, loss, right, of: lessons.length };
  }

  private descend(direction: LeakyParams): void {
    let norm = 0;
    for (const group of GROUPS) for (const d of direction[group]) norm += d * d;
    const scale = Math.min(1, CLIP / Math.max(Math.sqrt(norm), 1e-300));
    this.steps++;
    const meanScale = 1 / (1 - B1 ** this.steps);
    const squareScale = 1 / (1 - B2 ** this.steps);
    for (const group of GROUPS) {
      const [p, m, v, g] = [this.params[group], this.mean[group], this.square[group], direction[group]];
      for (let i = 0; i < p.length; i++) {
        const d = g[i]! * scale;
        m[i] = B1 * m[i]! + (1 - B1) * d;
        v[i] = B2 * v[i]! + (1 - B2) * d * d;
        p[i]! -= (this.rate * meanScale * m[i]!) / (Math.sqrt(squareScale * v[i]!) + EPS);
      }
    }
  }
}

export function firstMaximum(values: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < values.length; c++) if (values[c]! > values[best]!) best = c;
  return best;
}

function copy(params: LeakyParams): LeakyParams {
  return { logTau: params.logTau.slice(), weight: params.weight.slice(), bias: params.bias.slice() };
}

function zeros(params: LeakyParams): LeakyParams {
  return {
    logTau: new Float64Array(params.logTau.length),
    weight: new Float64Array(params.weight.length),
    bias: new Float64Array(params.bias.length),
  };
}
