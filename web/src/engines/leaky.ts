/** The leaky tanh filter on a wavefront, in plain TypeScript: see cells/leaky_tanh.py. */

import type { LeakyParams, Wiring } from "../model/leaky.ts";

/** What a network did over one sequence, `[time, cell]` and `[time, class]`. */
export interface Activity {
  readonly steps: number;
  readonly drives: Float64Array;
  readonly states: Float64Array;
  readonly outputs: Float64Array;
  readonly readouts: Float64Array;
  readonly scores: Float64Array;
}

/** a = exp(-dt / tau) of every cell. */
export function decays(params: LeakyParams, dt: number): Float64Array {
  return params.logTau.map((logTau) => Math.exp(-dt * Math.exp(-logTau)));
}

/** s(t) = a s(t-1) + (1 - a) sum_f w_f u_f(t); y(t) = tanh(s(t) + b), predecessors first. */
export function forward(
  wiring: Wiring,
  params: LeakyParams,
  dt: number,
  readoutGain: number,
  inputs: Float64Array,
): Activity {
  const { cells, slots, channels, pred, channel } = wiring;
  const steps = inputs.length / channels;
  const decay = decays(params, dt);
  const drives = new Float64Array(steps * cells);
  const states = new Float64Array(steps * cells);
  const outputs = new Float64Array(steps * cells);
  for (let t = 0; t < steps; t++) {
    const now = t * cells;
    for (let k = 0; k < cells; k++) {
      let drive = 0;
      for (let i = k * slots; i < (k + 1) * slots; i++) {
        const p = pred[i]!;
        if (p >= 0) drive += params.weight[i]! * outputs[now + p]!;
        else if (channel[i]! >= 0) drive += params.weight[i]! * inputs[t * channels + channel[i]!]!;
      }
      const before = t ? states[now - cells + k]! : 0;
      const a = decay[k]!;
      const state = a * before + (1 - a) * drive;
      drives[now + k] = drive;
      states[now + k] = state;
      outputs[now + k] = Math.tanh(state + params.bias[k]!);
    }
  }
  const { readouts, scores } = readPorts(wiring, readoutGain, outputs, steps);
  return { steps, drives, states, outputs, readouts, scores };
}

/** r_c(t) = gain times the signed sum of the port cells of class c; scores are sums over time. */
export function readPorts(
  wiring: Wiring,
  gain: number,
  outputs: Float64Array | Float32Array,
  steps: number,
): { readouts: Float64Array; scores: Float64Array } {
  const { cells, classes, members, ports, signs } = wiring;
  const readouts = new Float64Array(steps * classes);
  const scores = new Float64Array(classes);
  for (let t = 0; t < steps; t++) {
    for (let c = 0; c < classes; c++) {
      let sum = 0;
      for (let i = c * members; i < (c + 1) * members; i++) {
        sum += signs[i]! * outputs[t * cells + ports[i]!]!;
      }
      readouts[t * classes + c] = gain * sum;
      scores[c]! += gain * sum;
    }
  }
  return { readouts, scores };
}

/** softmax. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const raised = values.map((s) => Math.exp(s - most));
  const total = raised.reduce((a, b) => a + b, 0);
  return raised.map((r) => r / total);
}
