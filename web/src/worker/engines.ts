/** Which engine computes a model: WebGPU's or the plain one, the same arithmetic in both. */

import { hopTrace, influencePairs } from "../engines/hopTrace.ts";
import { type Activity, forward } from "../engines/leaky.ts";
import { firstMaximum, LeakyTrainer } from "../engines/leakyTrainer.ts";
import { LeakyGpu } from "../gpu/leaky.ts";
import type { LeakyModel } from "../model/leaky.ts";
import { encodeRows, type Model } from "../model/manifest.ts";
import type { Engine, Outcome, RunOptions } from "./protocol.ts";

export function openEngine(model: Model, device: GPUDevice | null, trainer: LeakyTrainer | null): Engine {
  switch (model.family) {
    case "leaky":
      return new LeakyEngine(model, device, trainer ?? new LeakyTrainer(model, model.hops));
  }
}

/** Forward by either backend; traces and messages always in TypeScript, from its activity. */
class LeakyEngine implements Engine {
  private readonly gpu: LeakyGpu | null;
  private readonly pairs;

  constructor(
    private readonly model: LeakyModel,
    device: GPUDevice | null,
    private readonly trainer: LeakyTrainer,
  ) {
    this.gpu = device && new LeakyGpu(device, model);
    this.pairs = influencePairs(model.wiring, trainer.hops);
  }

  async run(image: Uint8Array, options: RunOptions): Promise<Outcome> {
    const { model, trainer } = this;
    const inputs = encodeRows(model.input, image);
    const plain = forward(model.wiring, trainer.params, model.dt, model.readoutGain, inputs);
    let shown: Activity = plain;
    if (this.gpu) {
      const frames = await this.gpu.run(trainer.params, inputs);
      shown = { ...plain, scores: frames.scores, outputs: Float64Array.from(frames.outputs), states: Float64Array.from(frames.states) };
    }
    const target = options.target ?? firstMaximum(shown.scores);
    const learning = hopTrace(
      model.wiring, this.pairs, trainer.params, model.dt, model.readoutGain, inputs, shown, target,
    );
    return {
      scores: shown.scores,
      arrays: {
        inputs: Float32Array.from(inputs),
        outputs: Float32Array.from(shown.outputs),
        states: Float32Array.from(shown.states),
        messages: Float32Array.from(learning.messages),
        traces: Float32Array.from(learning.traces),
        weights: Float32Array.from(trainer.params.weight),
      },
    };
  }
}
