/** Temporal columns in plain TypeScript: see kernels/wave_reference.py. A train is a word, bit t for step t. */

import type { Column, TnnModel } from "../model/tnn.ts";

export type Trains = Record<string, Uint32Array>;

/** What every population did in every wave, and the drive of each column at the end of a wave. */
export interface TnnActivity {
  /** `[wave, unit]` of each population. */
  readonly trains: Trains;
  readonly drives: Record<string, Float32Array>;
  readonly scores: Float64Array;
}

/** On for the last ceil(T p / M) of T steps, M the brightest pixel of the example. */
export function rampTrains(model: TnnModel, image: Uint8Array): Uint32Array[] {
  const { crop, lines, stride, waves, length, isOnOff } = model;
  // The published crops of 8 and 13 begin at 10 and, 7.5 rounded to even, at 8.
  const half = (28 - crop) / 2;
  const start = half % 1 ? 2 * Math.round(half / 2) : half;
  const shown: Uint8Array[] = [];
  for (let w = 0; w < waves; w++) {
    const row = new Uint8Array(lines * crop * (isOnOff ? 2 : 1));
    for (let l = 0; l < lines; l++) {
      for (let c = 0; c < crop; c++) {
        const pixel = image[(start + w * stride + l) * 28 + start + c]!;
        row[l * crop + c] = pixel;
        if (isOnOff) row[lines * crop + l * crop + c] = 255 - pixel;
      }
    }
    shown.push(row);
  }
  const brightest = shown.reduce((most, row) => Math.max(most, ...row), 0);
  const full = 2 ** length - 1;
  return shown.map((row) =>
    Uint32Array.from(row, (p) => {
      const count = brightest ? Math.ceil((length * p) / brightest) : 0;
      return count ? ((full << (length - count)) & full) >>> 0 : 0;
    }),
  );
}

/** One step late, and at step 0 the last step of the wave before. */
export function delayed(train: number, last: number, length: number): number {
  const full = 2 ** length - 1;
  return (((train << 1) & full) | ((last >>> (length - 1)) & 1)) >>> 0;
}

export class Tnn {
  constructor(private readonly model: TnnModel) {}

  run(image: Uint8Array): TnnActivity {
    const { model } = this;
    const names = Object.keys(model.sizes);
    const trains: Trains = Object.fromEntries(names.map((n) => [n, new Uint32Array(model.waves * model.sizes[n]!)]));
    const drives = Object.fromEntries(model.columns.map((c) => [c.name, new Float32Array(model.waves * c.size)]));
    const silent = () => Object.fromEntries(names.map((n) => [n, new Uint32Array(model.sizes[n]!)]));
    let last: Trains = silent();
    let kept: Trains = silent();
    rampTrains(model, image).forEach((channels, wave) => {
      const seen: Trains = {};
      for (const { name, channels: shown } of model.inputs) seen[name] = Uint32Array.from(shown, (c) => channels[c]!);
      for (const { name } of model.buffers) seen[name] = kept[name]!;
      const shown = (source: string) =>
        seen[source]!.map((train, i) => delayed(train, model.separateWaves ? 0 : last[source]![i]!, model.length));
      for (const column of model.columns) {
        const drive = this.drive(column, shown);
        seen[column.name] = fire(model, column, drive);
        drives[column.name]!.set(drive.subarray((model.length - 1) * column.size), wave * column.size);
      }
      const next: Trains = {};
      for (const { name, of, height } of model.buffers) next[name] = height ? shown(of) : seen[name]!;
      kept = next;
      last = seen;
      for (const name of names) trains[name]!.set(seen[name]!, wave * model.sizes[name]!);
    });
    return { trains, drives, scores: readTrains(model, trains) };
  }

  /** `[step, neuron]`. */
  private drive(column: Column, shown: (source: string) => Uint32Array): Float32Array {
    const { model } = this;
    const total = new Float32Array(model.length * column.size);
    for (const link of model.links) {
      if (link.target !== column.name) continue;
      const trains = shown(link.source);
      for (let t = 0; t < model.length; t++) {
        for (let i = 0; i < trains.length; i++) {
          if (!((trains[i]! >>> t) & 1)) continue;
          const from = i * column.size;
          for (let j = 0; j < column.size; j++) total[t * column.size + j]! += link.height * link.weight[from + j]!;
        }
      }
    }
    return total;
  }
}

/** The earliest to cross the threshold fire, the first in the column on ties. */
function fire(model: TnnModel, column: Column, drive: Float32Array): Uint32Array {
  const times = new Int32Array(column.size).fill(-1);
  for (let j = 0; j < column.size; j++) {
    for (let t = 0; t < model.length && times[j]! < 0; t++) {
      if (drive[t * column.size + j]! >= column.threshold) times[j] = t;
    }
  }
  const crossed = [...times.keys()].filter((j) => times[j]! >= 0);
  crossed.sort((a, b) => times[a]! - times[b]! || a - b);
  const trains = new Uint32Array(column.size);
  const full = 2 ** model.lastStep - 1;
  for (const j of crossed.slice(0, column.winners ?? column.size)) {
    if (times[j]! < model.lastStep) trains[j] = ((full << times[j]!) & full) >>> 0;
  }
  return trains;
}

export function popcount(word: number): number {
  let count = 0;
  for (let rest = word; rest; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}

/** The classifier on spike counts. */
export function readTrains(model: TnnModel, trains: Trains): Float64Array {
  const features: number[] = [];
  for (let wave = model.readsAll ? 0 : model.waves - 1; wave < model.waves; wave++) {
    for (const name of model.read) {
      const size = model.sizes[name]!;
      for (let i = 0; i < size; i++) features.push(popcount(trains[name]![wave * size + i]!) / model.scale);
    }
  }
  return Float64Array.from(model.bias, (bias, c) =>
    features.reduce((sum, f, i) => sum + f * model.weight[c * features.length + i]!, bias),
  );
}
