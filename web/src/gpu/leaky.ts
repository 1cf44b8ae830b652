/** The leaky forward pass by WebGPU: a skewed wavefront, one dispatch per tick. */

import { decays, readPorts } from "../engines/leaky.ts";
import code from "../engines/wgsl/leaky.wgsl?raw";
import type { LeakyModel, LeakyParams } from "../model/leaky.ts";
import { bind, empty, pipeline, readBack, storage, uniform } from "./device.ts";

export interface LeakyFrames {
  readonly states: Float32Array;
  readonly outputs: Float32Array;
  readonly scores: Float64Array;
}

export class LeakyGpu {
  private readonly kernel: GPUComputePipeline;
  private readonly ticks: GPUBuffer[];
  private readonly tables: GPUBuffer;
  private readonly shape: GPUBuffer;

  constructor(
    private readonly device: GPUDevice,
    private readonly model: LeakyModel,
  ) {
    const { wiring, input } = model;
    this.kernel = pipeline(device, code, "urrrwwu");
    this.tables = storage(device, tableOf(model));
    this.shape = uniform(device, [wiring.cells, wiring.slots, wiring.channels, input.steps]);
    const count = input.steps + wiring.maxDepth;
    this.ticks = Array.from({ length: count }, (_, tick) => uniform(device, [tick]));
  }

  async run(params: LeakyParams, inputs: Float64Array): Promise<LeakyFrames> {
    const { device, kernel, model } = this;
    const { wiring, input } = model;
    const size = input.steps * wiring.cells;
    const numbers = storage(device, numbersOf(model, params));
    const sequence = storage(device, Float32Array.from(inputs));
    const [state, output] = [empty(device, size), empty(device, size)];
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(kernel);
    for (const tick of this.ticks) {
      const buffers = [this.shape, numbers, this.tables, sequence, state, output, tick];
      pass.setBindGroup(0, bind(device, kernel, buffers));
      pass.dispatchWorkgroups(Math.ceil(wiring.cells / 64));
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    const [states, outputs] = await Promise.all([
      readBack(device, state, size),
      readBack(device, output, size),
    ]);
    for (const buffer of [numbers, sequence, state, output]) buffer.destroy();
    const { scores } = readPorts(wiring, model.readoutGain, outputs, input.steps);
    return { states, outputs, scores };
  }
}

function tableOf({ wiring }: LeakyModel): Int32Array {
  const { cells, slots, pred, channel, depth } = wiring;
  const width = 1 + 2 * slots;
  const table = new Int32Array(cells * width);
  for (let k = 0; k < cells; k++) {
    table[k * width] = depth[k]!;
    table.set(pred.subarray(k * slots, (k + 1) * slots), k * width + 1);
    table.set(channel.subarray(k * slots, (k + 1) * slots), k * width + 1 + slots);
  }
  return table;
}

function numbersOf(model: LeakyModel, params: LeakyParams): Float32Array {
  const { cells, slots } = model.wiring;
  const decay = decays(params, model.dt);
  const numbers = new Float32Array(cells * (2 + slots));
  for (let k = 0; k < cells; k++) {
    const at = k * (2 + slots);
    numbers[at] = decay[k]!;
    numbers[at + 1] = params.bias[k]!;
    numbers.set(params.weight.subarray(k * slots, (k + 1) * slots), at + 2);
  }
  return numbers;
}
