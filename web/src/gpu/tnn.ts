/** Temporal columns by WebGPU: two dispatches per wave and column, one per buffer. */

import { rampTrains, readTrains, type TnnActivity, type Trains } from "../engines/tnn.ts";
import code from "../engines/wgsl/tnn.wgsl?raw";
import type { TnnModel } from "../model/tnn.ts";
import { bind, empty, joined, mixed, pipeline, readBack, storage } from "./device.ts";

interface Step {
  readonly kernel: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly threads: number;
}

export class TnnGpu {
  private readonly first: Record<string, number> = {};
  private readonly units: number;
  private readonly trains: GPUBuffer;
  private readonly drives: GPUBuffer;
  private readonly steps: Step[] = [];

  constructor(private readonly device: GPUDevice, private readonly model: TnnModel) {
    let units = 0;
    for (const [name, size] of Object.entries(model.sizes)) {
      this.first[name] = units;
      units += size;
    }
    this.units = units;
    this.trains = empty(device, (model.waves + 1) * units);
    this.drives = empty(device, model.waves * units);
    const weight = storage(device, joined(...model.links.map((link) => link.weight)));
    const times = empty(device, units);
    const kernels = { cross: pipeline(device, code, "urrwww", "cross"), win: pipeline(device, code, "urrwww", "win"), keep: pipeline(device, code, "urrwww", "keep") };
    const tables = new Map(model.columns.map((column) => [column.name, this.linkTable(column.name)]));
    const none = this.linkTable("");
    for (let wave = 0; wave < model.waves; wave++) {
      const at = [wave, units, model.length, model.lastStep];
      const add = (kernel: GPUComputePipeline, settings: GPUBuffer, links: GPUBuffer, threads: number) => {
        const buffers = [settings, links, weight, this.trains, times, this.drives];
        this.steps.push({ kernel, group: bind(device, kernel, buffers), threads });
      };
      for (const { name, size, winners, threshold } of model.columns) {
        const count = model.links.filter((link) => link.target === name).length;
        const whole = [...at, this.first[name]!, size, winners ?? 0, count, Number(model.separateWaves), 0, 0, 0];
        const settings = mixed(device, whole, [threshold, 0, 0, 0]);
        add(kernels.cross, settings, tables.get(name)!, size);
        add(kernels.win, settings, tables.get(name)!, size);
      }
      for (const { name, of, height } of model.buffers) {
        if (!height) continue;
        const whole = [...at, this.first[name]!, model.sizes[name]!, 0, 0, Number(model.separateWaves), this.first[of]!, 0, 0];
        add(kernels.keep, mixed(device, whole, [0, 0, 0, 0]), none, model.sizes[name]!);
      }
    }
  }

  private linkTable(target: string): GPUBuffer {
    const { model } = this;
    const table = new ArrayBuffer(16 * Math.max(1, model.links.length));
    const view = new DataView(table);
    let [weight, row] = [0, 0];
    for (const link of model.links) {
      if (link.target === target) {
        view.setUint32(16 * row, this.first[link.source]!, true);
        view.setUint32(16 * row + 4, model.sizes[link.source]!, true);
        view.setUint32(16 * row + 8, weight, true);
        view.setFloat32(16 * row + 12, link.height, true);
        row++;
      }
      weight += link.weight.length;
    }
    return storage(this.device, new Int32Array(table));
  }

  async run(image: Uint8Array): Promise<TnnActivity> {
    const { device, model, units } = this;
    const start = new Int32Array((model.waves + 1) * units);
    rampTrains(model, image).forEach((channels, wave) => {
      for (const { name, channels: shown } of model.inputs) {
        shown.forEach((c, i) => (start[wave * units + this.first[name]! + i] = channels[c]!));
      }
    });
    device.queue.writeBuffer(this.trains, 0, start);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { kernel, group, threads } of this.steps) {
      pass.setPipeline(kernel);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(Math.ceil(threads / 64));
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    const [bits, drives] = await Promise.all([
      readBack(device, this.trains, model.waves * units),
      readBack(device, this.drives, model.waves * units),
    ]);
    const words = new Uint32Array(bits.buffer);
    const part = <T extends Uint32Array | Float32Array>(from: T, name: string, into: T): T => {
      const size = model.sizes[name]!;
      for (let w = 0; w < model.waves; w++) {
        const at = w * units + this.first[name]!;
        into.set(from.subarray(at, at + size), w * size);
      }
      return into;
    };
    const trains: Trains = {};
    for (const [name, size] of Object.entries(model.sizes)) {
      trains[name] = part(words, name, new Uint32Array(model.waves * size));
    }
    const found = Object.fromEntries(
      model.columns.map(({ name, size }) => [name, part(drives, name, new Float32Array(model.waves * size))]),
    );
    return { trains, drives: found, scores: readTrains(model, trains) };
  }
}
