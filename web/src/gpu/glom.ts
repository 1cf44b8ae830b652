/** GLOM by WebGPU: a dispatch per step, one more for each snapshot that fires. */

import { aliveOf, bottomOf } from "../engines/glom.ts";
import combine from "../engines/wgsl/combine.wgsl?raw";
import code from "../engines/wgsl/glom.wgsl?raw";
import type { GlomModel } from "../model/glom.ts";
import { bind, empty, joined, mixed, pipeline, readBack, storage } from "./device.ts";

export class GlomGpu {
  private readonly size: number;
  private readonly kernel: GPUComputePipeline;
  private readonly adder: GPUComputePipeline;
  private readonly shape: GPUBuffer;
  private readonly add: GPUBuffer;
  private readonly nets: GPUBuffer;
  private readonly weights: GPUBuffer;

  constructor(private readonly device: GPUDevice, private readonly model: GlomModel) {
    const { rows, cols, levels, length, nets } = model;
    this.size = levels * length * rows * cols;
    this.kernel = pipeline(device, code, "urrrrw");
    this.adder = pipeline(device, combine, "urrrw");
    this.shape = mixed(device, [
      rows, cols, levels, length,
      nets.length, Number(model.update === "average"), Number(model.refeed), Number(model.aliveAbove !== null),
    ], [model.scale, 0, 0, 0]);
    this.add = mixed(device, [this.size], [model.factor, 0, 0]);
    this.nets = storage(device, Int32Array.from(nets.flatMap(({ reads, writes }) => [reads, writes])));
    this.weights = storage(device, packed(model));
  }

  /** The state after every step of one image, from `start`; the last with all snapshots added. */
  async settle(image: Uint8Array, start: Float32Array): Promise<Float32Array[]> {
    const { device, model, size } = this;
    const sites = model.rows * model.cols;
    const alive = Float32Array.from(aliveOf(model, image) ?? new Uint8Array(sites).fill(1));
    const bottom = storage(device, joined(bottomOf(model, image), alive));
    const frames = empty(device, size * model.steps);
    let now = storage(device, start);
    let next = empty(device, size);
    const held = model.divisors.map(() => storage(device, start));
    const periods = model.divisors.map((divisor) => Math.max(1, Math.floor(model.steps / divisor)));
    const encoder = device.createCommandEncoder();
    const addTo = (snapshot: GPUBuffer) => {
      this.pass(encoder, this.adder, [this.add, now, snapshot, snapshot, next], size);
      [now, next] = [next, now];
    };
    for (let t = 0; t < model.steps; t++) {
      const buffers = [this.shape, this.nets, this.weights, bottom, now, next];
      this.pass(encoder, this.kernel, buffers, sites * model.levels);
      [now, next] = [next, now];
      held.forEach((snapshot, n) => {
        if (t % periods[n]!) return;
        addTo(snapshot);
        encoder.copyBufferToBuffer(now, 0, snapshot, 0, 4 * size);
      });
      if (t === model.steps - 1) held.forEach(addTo);
      encoder.copyBufferToBuffer(now, 0, frames, 4 * size * t, 4 * size);
    }
    device.queue.submit([encoder.finish()]);
    const all = await readBack(device, frames, size * model.steps);
    [bottom, frames, now, next, ...held].forEach((buffer) => buffer.destroy());
    return Array.from({ length: model.steps }, (_, t) => all.slice(t * size, (t + 1) * size));
  }

  private pass(encoder: GPUCommandEncoder, kernel: GPUComputePipeline, buffers: GPUBuffer[], threads: number): void {
    const pass = encoder.beginComputePass();
    pass.setPipeline(kernel);
    pass.setBindGroup(0, bind(this.device, kernel, buffers));
    pass.dispatchWorkgroups(Math.ceil(threads / 64));
    pass.end();
  }
}

/** Net by net: W1, b1, W2, b2, W3, b3, place. */
function packed(model: GlomModel): Float32Array {
  const { nets, length: d } = model;
  const part = (array: Float32Array, n: number) =>
    array.subarray((n * array.length) / nets.length, ((n + 1) * array.length) / nets.length);
  const lists = [model.weight1, model.bias1, model.weight2, model.bias2, model.weight3, model.bias3, model.place];
  const width = 9 * d * d + d + 2 * (d * d + d) + 2 * d;
  const all = new Float32Array(width * nets.length);
  nets.forEach((_, n) => all.set(joined(...lists.map((list) => part(list, n))), n * width));
  return all;
}
