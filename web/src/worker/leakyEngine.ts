/** The leaky family: forward by either backend, traces and messages from its activity. */

import { hopTrace, influencePairs } from "../engines/hopTrace.ts";
import { type Activity, forward } from "../engines/leaky.ts";
import { firstMaximum, type LeakyTrainer } from "../engines/leakyTrainer.ts";
import { LeakyGpu } from "../gpu/leaky.ts";
import type { LeakyModel } from "../model/leaky.ts";
import { encodeRows } from "../model/manifest.ts";
import type { Engine, Outcome, RunOptions } from "./protocol.ts";

export class LeakyEngine implements Engine {
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
    const { params } = trainer;
    const inputs = encodeRows(model.input, image);
    const plain = forward(model.wiring, params, model.dt, model.readoutGain, inputs);
    let shown: Activity = plain;
    if (this.gpu) {
      const { scores, outputs, states } = await this.gpu.run(params, inputs);
      shown = { ...plain, scores, outputs: Float64Array.from(outputs), states: Float64Array.from(states) };
    }
    const target = options.target ?? firstMaximum(shown.scores);
    const learning = hopTrace(
      model.wiring, this.pairs, params, model.dt, model.readoutGain, inputs, shown, target,
    );
    return {
      scores: shown.scores,
      arrays: {
        inputs: Float32Array.from(inputs),
        outputs: Float32Array.from(shown.outputs),
        states: Float32Array.from(shown.states),
        messages: Float32Array.from(learning.messages),
        traces: Float32Array.from(learning.traces),
        weights: Float32Array.from(params.weight),
      },
    };
  }
}
