/** Which engine computes a model: WebGPU's or the plain one, the same arithmetic in both. */

import { aliveOf, Glom, Snapshots, verdictOf } from "../engines/glom.ts";
import { Gridnet, type OuterStep } from "../engines/gridnet.ts";
import { LeakyTrainer } from "../engines/leakyTrainer.ts";
import { Tnn, type TnnActivity } from "../engines/tnn.ts";
import { GlomGpu } from "../gpu/glom.ts";
import { GridnetGpu } from "../gpu/gridnet.ts";
import { TnnGpu } from "../gpu/tnn.ts";
import type { GlomModel } from "../model/glom.ts";
import type { GridnetModel } from "../model/gridnet.ts";
import type { Model } from "../model/manifest.ts";
import type { TnnModel } from "../model/tnn.ts";
import { LeakyEngine } from "./leakyEngine.ts";
import type { Arrays, Emit, Engine, Outcome, RunOptions } from "./protocol.ts";

export function openEngine(model: Model, device: GPUDevice | null, trainer: LeakyTrainer | null): Engine {
  switch (model.family) {
    case "leaky":
      return new LeakyEngine(model, device, trainer ?? new LeakyTrainer(model, model.hops));
    case "gridnet":
      return new GridnetEngine(model, device);
    case "glom":
      return new GlomEngine(model, device);
    case "tnn":
      return new TnnEngine(model, device);
  }
}

const NOTHING: Outcome = { arrays: {}, scores: new Float64Array(10) };

/** A part per outer step. */
class GridnetEngine implements Engine {
  private readonly cpu: Gridnet;
  private readonly gpu: GridnetGpu | null;
  /** States of a run on an empty image, to show what an image changes. */
  private readonly blank: Float32Array[];

  constructor(private readonly model: GridnetModel, device: GPUDevice | null) {
    this.cpu = new Gridnet(model);
    this.gpu = device && new GridnetGpu(device, model);
    this.blank = [this.cpu.start(new Uint8Array(784))];
  }

  /** As far as it is needed; computed once. */
  private blankAt(outer: number): Float32Array {
    for (let n = this.blank.length; n <= outer; n++) {
      this.blank.push(this.cpu.step(this.blank[n - 1]!, n - 1).state.slice());
    }
    return this.blank[outer]!.slice();
  }

  async run(image: Uint8Array, _: RunOptions, emit: Emit): Promise<Outcome> {
    const start = this.cpu.start(image);
    if (!(await emit(0, { state: start.slice(), blank: this.blankAt(0) }))) return NOTHING;
    if (this.gpu) {
      const { steps, scores } = await this.gpu.run(image);
      for (const [n, step] of steps.entries()) {
        if (!(await emit(n + 1, this.part(step, n + 1)))) return NOTHING;
      }
      return { arrays: {}, scores };
    }
    let state = start;
    for (let outer = 0; outer < this.model.outer; outer++) {
      const step = this.cpu.step(state, outer);
      state = step.state.slice();
      if (!(await emit(outer + 1, this.part(step, outer + 1)))) return NOTHING;
    }
    return { arrays: {}, scores: this.cpu.read(state) };
  }

  private part(step: OuterStep, outer: number): Arrays {
    const scores = Float32Array.from(this.cpu.read(step.state));
    return { inner: step.inner, state: step.state, blank: this.blankAt(outer), scores };
  }
}

/** A part per step; a second digit goes on from where the first was left. */
class GlomEngine implements Engine {
  private readonly cpu: Glom;
  private readonly gpu: GlomGpu | null;

  constructor(private readonly model: GlomModel, device: GPUDevice | null) {
    this.cpu = new Glom(model);
    this.gpu = device && new GlomGpu(device, model);
  }

  async run(image: Uint8Array, options: RunOptions, emit: Emit): Promise<Outcome> {
    let state = this.cpu.start(image);
    let scores = new Float64Array(10);
    let at = 0;
    const show = (next: Float32Array, alive: Uint8Array | null): Promise<boolean> => {
      state = next;
      scores = verdictOf(this.model, state, alive) as Float64Array<ArrayBuffer>;
      return emit(at++, { state: state.slice(), scores: Float32Array.from(scores) });
    };
    for (const shown of options.second ? [image, options.second] : [image]) {
      const alive = aliveOf(this.model, shown);
      if (at) {
        state = state.slice();
        state.set(this.cpu.bottom(shown));
      }
      if (!at && !(await show(state, alive))) return NOTHING;
      for await (const next of this.settle(shown, state, alive)) {
        if (!(await show(next, alive))) return NOTHING;
      }
    }
    return { arrays: {}, scores };
  }

  private async *settle(image: Uint8Array, start: Float32Array, alive: Uint8Array | null) {
    if (this.gpu) {
      yield* await this.gpu.settle(image, start);
      return;
    }
    const { cpu, model } = this;
    const snapshots = new Snapshots(model, start);
    const bottom = cpu.bottom(image);
    let state = start;
    for (let t = 0; t < model.steps; t++) {
      state = snapshots.apply(cpu.advance(state, bottom, alive), t);
      yield t === model.steps - 1 && model.divisors.length ? snapshots.finish(state) : state;
    }
  }
}

class TnnEngine implements Engine {
  private readonly cpu: Tnn;
  private readonly gpu: TnnGpu | null;

  constructor(model: TnnModel, device: GPUDevice | null) {
    this.cpu = new Tnn(model);
    this.gpu = device && new TnnGpu(device, model);
  }

  async run(image: Uint8Array): Promise<Outcome> {
    const activity: TnnActivity = this.gpu ? await this.gpu.run(image) : this.cpu.run(image);
    const arrays: Arrays = {};
    for (const [name, trains] of Object.entries(activity.trains)) arrays[`train ${name}`] = Float32Array.from(trains);
    for (const [name, drives] of Object.entries(activity.drives)) arrays[`drive ${name}`] = drives;
    return { arrays, scores: activity.scores };
  }
}
