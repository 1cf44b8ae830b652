/** gridnet by WebGPU: a dispatch per inner step, three per normalisation, all in one submission. */

import { readOf, startOf } from "../engines/gridnet.ts";
import combine from "../engines/wgsl/combine.wgsl?raw";
import code from "../engines/wgsl/gridnet.wgsl?raw";
import statsCode from "../engines/wgsl/gridnet_stats.wgsl?raw";
import normCode from "../engines/wgsl/layer_norm.wgsl?raw";
import { ACTIVATIONS, type GridnetModel } from "../model/gridnet.ts";
import type { OuterStep } from "../engines/gridnet.ts";
import { bind, empty, joined, mixed, pipeline, readBack, storage } from "./device.ts";

const CHUNK = 256;

export class GridnetGpu {
  private readonly cells: number;
  private readonly blocks: number;
  private readonly fixed: Record<"weight" | "bias" | "affine" | "stats" | "sums" | "squares", GPUBuffer>;
  private readonly kernels: Record<"sweep" | "stats" | "add" | "spread" | "scale" | "combine", GPUComputePipeline>;
  private readonly norm: GPUBuffer;
  private readonly residual: GPUBuffer;
  private readonly shapes: GPUBuffer[];

  constructor(private readonly device: GPUDevice, private readonly model: GridnetModel) {
    const { shape, block } = model;
    this.cells = shape[0] * shape[1] * shape[2];
    this.blocks = this.cells / (block[0] * block[1] * block[2]);
    const parts = Math.ceil(this.cells / CHUNK);
    this.fixed = {
      weight: storage(device, model.weight),
      bias: storage(device, biases(model, this.cells)),
      affine: storage(device, joined(model.normWeight, model.normBias)),
      stats: empty(device, 2 * this.blocks),
      sums: empty(device, parts),
      squares: empty(device, parts),
    };
    this.kernels = {
      sweep: pipeline(device, code, "urrrrwr"),
      stats: pipeline(device, statsCode, "urrw"),
      add: pipeline(device, normCode, "urwwrw", "add"),
      spread: pipeline(device, normCode, "urwwrw", "spread"),
      scale: pipeline(device, normCode, "urwwrw", "scale"),
      combine: pipeline(device, combine, "urrrw"),
    };
    this.norm = mixed(device, [this.cells, CHUNK, parts], [model.eps]);
    this.residual = mixed(device, [this.cells], [1, -1, 0]);
    const channels = model.isGated ? 2 : 1;
    this.shapes = Array.from({ length: model.sets }, (_, set) =>
      mixed(device, [
        ...shape, this.cells, ...block, ACTIVATIONS.indexOf(model.activation),
        channels - 1, Number(model.blockNorm), set * 27 * channels * this.cells, set * 2 * this.cells,
      ], [model.blockEps, 0, 0, 0]),
    );
  }

  /** Every outer step, each with its inner ones, and the outputs. */
  async run(image: Uint8Array): Promise<{ steps: OuterStep[]; scores: Float64Array }> {
    const { device, model, cells } = this;
    const bytes = 4 * cells;
    const frames = empty(device, cells * model.outer * (model.inner + 1));
    const state = storage(device, startOf(model, image));
    const scratch = Array.from({ length: 3 }, () => empty(device, cells)) as [GPUBuffer, GPUBuffer, GPUBuffer];
    const encoder = device.createCommandEncoder();
    let at = 0;
    const keep = (buffer: GPUBuffer) => encoder.copyBufferToBuffer(buffer, 0, frames, bytes * at++, bytes);
    for (let outer = 0; outer < model.outer; outer++) {
      let seen = state;
      if (model.outerResidual) {
        this.normalise(encoder, state, scratch[2]);
        seen = scratch[2];
      }
      let now = seen;
      for (let t = 0; t < model.inner; t++) {
        const next = now === scratch[0] ? scratch[1] : scratch[0];
        this.sweep(encoder, model.sets > 1 ? outer : 0, seen, now, next);
        keep(next);
        now = next;
      }
      if (model.outerResidual) {
        const sum = now === scratch[0] ? scratch[1] : scratch[0];
        this.pass(encoder, "combine", [this.residual, state, now, seen, sum], cells);
        encoder.copyBufferToBuffer(sum, 0, state, 0, bytes);
      } else {
        const result = now === scratch[0] ? scratch[1] : scratch[0];
        this.normalise(encoder, now, result);
        encoder.copyBufferToBuffer(result, 0, state, 0, bytes);
      }
      keep(state);
    }
    device.queue.submit([encoder.finish()]);
    const all = await readBack(device, frames, cells * at);
    [frames, state, ...scratch].forEach((buffer) => buffer.destroy());
    const width = model.inner + 1;
    const steps = Array.from({ length: model.outer }, (_, n) => ({
      inner: all.slice(n * width * cells, (n * width + model.inner) * cells),
      state: all.slice((n * width + model.inner) * cells, (n + 1) * width * cells),
    }));
    return { steps, scores: readOf(model, steps[steps.length - 1]!.state) };
  }

  private sweep(encoder: GPUCommandEncoder, set: number, stale: GPUBuffer, now: GPUBuffer, next: GPUBuffer): void {
    const { weight, bias, stats } = this.fixed;
    const shape = this.shapes[set]!;
    if (this.model.blockNorm) this.pass(encoder, "stats", [shape, stale, now, stats], this.blocks, 16);
    this.pass(encoder, "sweep", [shape, weight, bias, stale, now, next, stats], this.cells);
  }

  private normalise(encoder: GPUCommandEncoder, from: GPUBuffer, to: GPUBuffer): void {
    const { sums, squares, affine } = this.fixed;
    const buffers = [this.norm, from, sums, squares, affine, to];
    const parts = Math.ceil(this.cells / CHUNK);
    this.pass(encoder, "add", buffers, parts);
    this.pass(encoder, "spread", buffers, parts);
    this.pass(encoder, "scale", buffers, this.cells);
  }

  private pass(encoder: GPUCommandEncoder, name: keyof GridnetGpu["kernels"], buffers: GPUBuffer[], threads: number, group = 64): void {
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.kernels[name]);
    pass.setBindGroup(0, bind(this.device, this.kernels[name], buffers));
    pass.dispatchWorkgroups(Math.ceil(threads / group));
    pass.end();
  }
}

/** `[set, (bias, scale) or both biases, cell]`. */
function biases(model: GridnetModel, cells: number): Float32Array {
  if (!model.scale) return model.bias;
  const both = new Float32Array(model.sets * 2 * cells);
  for (let s = 0; s < model.sets; s++) {
    both.set(model.bias.subarray(s * cells, (s + 1) * cells), 2 * s * cells);
    both.set(model.scale.subarray(s * cells, (s + 1) * cells), (2 * s + 1) * cells);
  }
  return both;
}
