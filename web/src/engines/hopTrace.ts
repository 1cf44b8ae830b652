/**
 * The local rule, in plain TypeScript: eligibility traces cut at a number of hops and the exact
 * message pass within a step. The equations are those of rules/traces.py.
 */

import type { LeakyParams, Wiring } from "../model/leaky.ts";
import { type Activity, decays, softmax } from "./leaky.ts";

/** Kept influences (j, d): d is at most `hops` after j; self pairs come first. */
export interface Pairs {
  readonly src: Int32Array;
  readonly dst: Int32Array;
  readonly predPair: Int32Array;
  /** Cross pairs so ordered that a pair needs only earlier ones. */
  readonly order: Int32Array;
}

export interface Learning {
  readonly direction: LeakyParams;
  readonly loss: number;
  /** `[time, cell]`: dL/dy within the step. */
  readonly messages: Float64Array;
  /** `[time, cell]`: root mean square of the cell's own weight traces. */
  readonly traces: Float64Array;
}

export function successors(wiring: Wiring): number[][] {
  const after: number[][] = Array.from({ length: wiring.cells }, () => []);
  for (let k = 0; k < wiring.cells; k++) {
    for (let f = 0; f < wiring.slots; f++) {
      const p = wiring.pred[k * wiring.slots + f]!;
      if (p >= 0) after[p]!.push(k);
    }
  }
  return after;
}

export function influencePairs(wiring: Wiring, hops: number): Pairs {
  const after = successors(wiring);
  const src: number[] = [];
  const dst: number[] = [];
  for (let j = 0; j < wiring.cells; j++) {
    src.push(j);
    dst.push(j);
  }
  for (let j = 0; j < wiring.cells; j++) {
    let ring = [j];
    const seen = new Set(ring);
    for (let n = 0; n < hops; n++) {
      const next: number[] = [];
      for (const k of ring) {
        for (const d of after[k]!) {
          if (seen.has(d)) continue;
          seen.add(d);
          next.push(d);
          src.push(j);
          dst.push(d);
        }
      }
      ring = next;
    }
  }
  const at = new Map(src.map((j, n) => [j * wiring.cells + dst[n]!, n]));
  const predPair = new Int32Array(src.length * wiring.slots).fill(-1);
  for (let n = wiring.cells; n < src.length; n++) {
    for (let f = 0; f < wiring.slots; f++) {
      const p = wiring.pred[dst[n]! * wiring.slots + f]!;
      if (p >= 0) predPair[n * wiring.slots + f] = at.get(src[n]! * wiring.cells + p) ?? -1;
    }
  }
  const cross = src.map((_, n) => n).slice(wiring.cells);
  cross.sort((a, b) => wiring.depth[dst[a]!]! - wiring.depth[dst[b]!]! || a - b);
  return {
    src: Int32Array.from(src),
    dst: Int32Array.from(dst),
    predPair,
    order: Int32Array.from(cross),
  };
}

/** m_k = g_k + sum_d m_d F_d c_d w_d, successors first, for one step. */
function passMessages(
  wiring: Wiring,
  weight: Float64Array,
  decay: Float64Array,
  slope: Float64Array,
  message: Float64Array,
): void {
  for (let d = wiring.cells - 1; d >= 0; d--) {
    const sent = message[d]! * slope[d]! * (1 - decay[d]!);
    for (let i = d * wiring.slots; i < (d + 1) * wiring.slots; i++) {
      const p = wiring.pred[i]!;
      if (p >= 0) message[p]! += sent * weight[i]!;
    }
  }
}

/** The rule's direction for one sequence, loss = cross entropy of the summed readouts. */
export function hopTrace(
  wiring: Wiring,
  pairs: Pairs,
  params: LeakyParams,
  dt: number,
  readoutGain: number,
  inputs: Float64Array,
  activity: Activity,
  target: number,
): Learning {
  const { cells, slots, channels, classes, members, ports, signs, pred, channel } = wiring;
  const { steps, drives, states, outputs, scores } = activity;
  const width = 2 + slots; // log_tau, bias, weights
  const decay = decays(params, dt);
  const error = softmax(scores);
  const loss = -Math.log(Math.max(error[target]!, 1e-300));
  error[target]! -= 1;
  const messages = new Float64Array(steps * cells);
  const traces = new Float64Array(steps * cells);
  const sum = new Float64Array(cells * width);
  const influence = new Float64Array(pairs.src.length * width);
  const sent = new Float64Array(pairs.src.length * width);
  const slope = new Float64Array(cells);
  for (let t = 0; t < steps; t++) {
    const now = t * cells;
    const message = messages.subarray(now, now + cells);
    for (let c = 0; c < classes; c++) {
      for (let i = c * members; i < (c + 1) * members; i++) {
        message[ports[i]!]! += readoutGain * signs[i]! * error[c]!;
      }
    }
    for (let k = 0; k < cells; k++) slope[k] = 1 - outputs[now + k]! ** 2;
    passMessages(wiring, params.weight, decay, slope, message);
    for (let k = 0; k < cells; k++) {
      const a = decay[k]!;
      const J = k * width;
      const before = t ? states[now - cells + k]! : 0;
      const retention = a * dt * Math.exp(-params.logTau[k]!);
      influence[J] = a * influence[J]! + retention * (before - drives[now + k]!);
      let square = 0;
      for (let f = 0; f < slots; f++) {
        const i = k * slots + f;
        const from = pred[i]! >= 0 ? outputs[now + pred[i]!]!
          : channel[i]! >= 0 ? inputs[t * channels + channel[i]!]! : 0;
        const trace = a * influence[J + 2 + f]! + (1 - a) * from;
        influence[J + 2 + f] = trace;
        square += trace * trace;
      }
      traces[now + k] = Math.sqrt(square / slots);
      for (let q = 0; q < width; q++) {
        sent[J + q] = slope[k]! * (influence[J + q]! + (q === 1 ? 1 : 0));
        sum[J + q]! += message[k]! * sent[J + q]!;
      }
    }
    for (const n of pairs.order) {
      const d = pairs.dst[n]!;
      const weightOf = message[d]! * slope[d]!;
      for (let q = 0; q < width; q++) {
        const carried = decay[d]! * influence[n * width + q]!;
        sum[pairs.src[n]! * width + q]! += weightOf * carried;
        let value = carried;
        for (let f = 0; f < slots; f++) {
          const from = pairs.predPair[n * slots + f]!;
          if (from >= 0) value += (1 - decay[d]!) * params.weight[d * slots + f]! * sent[from * width + q]!;
        }
        influence[n * width + q] = value;
        sent[n * width + q] = slope[d]! * value;
      }
    }
  }
  return { direction: unpack(sum, cells, slots), loss, messages, traces };
}

function unpack(sum: Float64Array, cells: number, slots: number): LeakyParams {
  const width = 2 + slots;
  const weight = new Float64Array(cells * slots);
  for (let k = 0; k < cells; k++) weight.set(sum.subarray(k * width + 2, (k + 1) * width), k * slots);
  return {
    logTau: Float64Array.from({ length: cells }, (_, k) => sum[k * width]!),
    bias: Float64Array.from({ length: cells }, (_, k) => sum[k * width + 1]!),
    weight,
  };
}
