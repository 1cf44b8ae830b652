/** A strict reader of safetensors files: everything that the header says is checked before use. */

export type Dtype = "F32" | "I32";

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export type Tensors = ReadonlyMap<string, Tensor>;

/** Something is wrong with a model file; the message is one sentence for the user. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

export const MAX_FILE = 64 * 1024 * 1024;
const MAX_HEADER = 1024 * 1024;
const MAX_TENSORS = 256;
const MAX_RANK = 8;
const BYTES: Record<Dtype, number> = { F32: 4, I32: 4 };

interface Place {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

/** Read a whole file: an 8-byte header length, a JSON header, then the tensors without gaps. */
export function readSafetensors(buffer: ArrayBuffer): Tensors {
  if (buffer.byteLength > MAX_FILE) {
    throw new ModelError(`the file has ${buffer.byteLength} bytes; at most ${MAX_FILE} are read`);
  }
  if (buffer.byteLength < 8) {
    throw new ModelError(`the file has ${buffer.byteLength} bytes; a header length needs 8`);
  }
  const announced = new DataView(buffer).getBigUint64(0, true);
  if (announced > BigInt(Math.min(MAX_HEADER, buffer.byteLength - 8))) {
    throw new ModelError(
      `the header announces ${announced} bytes; the file has ${buffer.byteLength - 8} after it ` +
        `and at most ${MAX_HEADER} are read`,
    );
  }
  const start = 8 + Number(announced);
  const places = readHeader(new Uint8Array(buffer, 8, start - 8), buffer.byteLength - start);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of places) {
    const bytes = buffer.slice(start + begin, start + end);
    const data = dtype === "F32" ? new Float32Array(bytes) : new Int32Array(bytes);
    if (dtype === "F32" && !data.every(Number.isFinite)) {
      throw new ModelError(`tensor "${name}" holds numbers that are not finite`);
    }
    tensors.set(name, { dtype, shape, data });
  }
  return tensors;
}

function readHeader(bytes: Uint8Array, available: number): Place[] {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ModelError("the header is not JSON text");
  }
  if (!isRecord(header)) throw new ModelError("the header is not a JSON object");
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  if (entries.length > MAX_TENSORS) {
    throw new ModelError(`the file announces ${entries.length} tensors; at most ${MAX_TENSORS}`);
  }
  const places = entries.map(([name, entry]) => readPlace(name, entry, available));
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let reached = 0;
  for (const place of places) {
    if (place.begin !== reached) {
      throw new ModelError(`tensor "${place.name}" begins at ${place.begin}, ${reached} expected`);
    }
    reached = place.end;
  }
  if (reached !== available) {
    throw new ModelError(`the tensors take ${reached} bytes, but ${available} are there`);
  }
  return places;
}

function readPlace(name: string, entry: unknown, available: number): Place {
  if (!isRecord(entry)) throw new ModelError(`tensor "${name}" is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== "F32" && dtype !== "I32") {
    throw new ModelError(`tensor "${name}" has type ${String(dtype)}; F32 or I32 expected`);
  }
  if (!isCounts(shape) || shape.length > MAX_RANK) {
    throw new ModelError(`tensor "${name}" has no usable shape`);
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw new ModelError(`tensor "${name}" has no usable offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const count = shape.reduce((product, size) => product * size, 1);
  if (begin > end || end > available) {
    throw new ModelError(`tensor "${name}" lies at ${begin}..${end}, outside the file`);
  }
  if (end - begin !== count * BYTES[dtype]) {
    throw new ModelError(
      `tensor "${name}" has ${end - begin} bytes; its shape [${shape}] needs ${count * BYTES[dtype]}`,
    );
  }
  return { name, dtype, shape: [...shape], begin, end };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
