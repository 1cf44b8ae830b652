/** Getting a WebGPU device, and the few things that every kernel here needs of it. */

export type Choice = "auto" | "webgpu" | "cpu";

export interface Gpu {
  readonly device: GPUDevice;
  readonly name: string;
}

/** A device, or the reason why there is none. A software adapter is used only when asked for. */
export async function openGpu(choice: Choice): Promise<Gpu | string> {
  if (choice === "cpu") return "the CPU was chosen";
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) return "this browser has no WebGPU here";
  try {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return "WebGPU found no graphics adapter";
    const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
    if (isFallbackAdapter && choice === "auto") {
      return "WebGPU has only a software adapter here, which is slower";
    }
    const name = description || [vendor, architecture].filter(Boolean).join(" ") || "a GPU";
    return { device: await adapter.requestDevice(), name };
  } catch (error) {
    return `WebGPU could not start (${error instanceof Error ? error.message : String(error)})`;
  }
}

export function storage(device: GPUDevice, data: Float32Array | Int32Array): GPUBuffer {
  const buffer = device.createBuffer({
    size: Math.max(16, data.byteLength),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  });
  device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return buffer;
}

export function empty(device: GPUDevice, floats: number): GPUBuffer {
  return storage(device, new Float32Array(floats));
}

export function uniform(device: GPUDevice, values: readonly number[]): GPUBuffer {
  const data = new Uint32Array(Math.ceil(values.length / 4) * 4);
  data.set(values);
  const buffer = device.createBuffer({
    size: data.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

const KINDS: Record<string, GPUBufferBindingType> = {
  u: "uniform",
  r: "read-only-storage",
  w: "storage",
};

/** A kernel whose buffers are of the kinds given, a letter each: u(niform), r(ead), w(rite). */
export function pipeline(
  device: GPUDevice,
  code: string,
  kinds: string,
  entryPoint = "main",
): GPUComputePipeline {
  const entries = [...kinds].map((kind, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: KINDS[kind]! },
  }));
  const layout = device.createPipelineLayout({
    bindGroupLayouts: [device.createBindGroupLayout({ entries })],
  });
  const module = device.createShaderModule({ code });
  return device.createComputePipeline({ layout, compute: { module, entryPoint } });
}

export function bind(
  device: GPUDevice,
  kernel: GPUComputePipeline,
  buffers: readonly GPUBuffer[],
): GPUBindGroup {
  return device.createBindGroup({
    layout: kernel.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
}

/** Copy a buffer back. Rejects when the device is lost meanwhile. */
export async function readBack(
  device: GPUDevice,
  source: GPUBuffer,
  floats: number,
): Promise<Float32Array> {
  const size = floats * 4;
  const target = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, target, 0, size);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);
  const copied = new Float32Array(target.getMappedRange().slice(0));
  target.destroy();
  return copied;
}

/** A uniform buffer of whole numbers, then of fractions. */
export function mixed(device: GPUDevice, whole: readonly number[], fractions: readonly number[]): GPUBuffer {
  const data = new ArrayBuffer(Math.ceil((whole.length + fractions.length) / 4) * 16);
  new Uint32Array(data).set(whole);
  new Float32Array(data).set(fractions, whole.length);
  const buffer = device.createBuffer({
    size: data.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

/** Several arrays one after the other. */
export function joined(...arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
