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

export function pipeline(device: GPUDevice, code: string, entryPoint = "main"): GPUComputePipeline {
  return device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint },
  });
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
