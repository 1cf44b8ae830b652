/** Reading untrusted JSON field by field, each with a range; errors are sentences. */

import { isRecord, ModelError, type Tensors } from "./safetensors.ts";

export class Fields {
  constructor(
    private readonly record: Record<string, unknown>,
    private readonly where: string,
  ) {}

  static of(value: unknown, where: string): Fields {
    if (!isRecord(value)) throw new ModelError(`${where} is not a JSON object`);
    return new Fields(value, where);
  }

  within(name: string): Fields {
    return Fields.of(this.record[name], `${this.where}.${name}`);
  }

  has(name: string): boolean {
    return this.record[name] !== undefined && this.record[name] !== null;
  }

  raw(name: string): unknown {
    return this.record[name];
  }

  text(name: string, most = 400): string {
    const value = this.record[name];
    if (typeof value !== "string" || value.length > most) this.fail(name, `a text of at most ${most}`);
    return value as string;
  }

  number(name: string, low: number, high: number): number {
    const value = this.record[name];
    if (typeof value !== "number" || !(value >= low && value <= high)) {
      this.fail(name, `a number in ${low}..${high}`);
    }
    return value as number;
  }

  whole(name: string, low: number, high: number): number {
    const value = this.number(name, low, high);
    if (!Number.isInteger(value)) this.fail(name, `a whole number in ${low}..${high}`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.record[name];
    if (typeof value !== "boolean") this.fail(name, "true or false");
    return value as boolean;
  }

  choice<T extends string>(name: string, among: readonly T[]): T {
    const value = this.record[name];
    if (!among.includes(value as T)) this.fail(name, among.map((one) => `"${one}"`).join(" or "));
    return value as T;
  }

  wholes(name: string, count: number, low: number, high: number): number[] {
    const value = this.record[name];
    const good =
      Array.isArray(value) &&
      value.length === count &&
      value.every((n) => Number.isInteger(n) && n >= low && n <= high);
    if (!good) this.fail(name, `${count} whole numbers in ${low}..${high}`);
    return value as number[];
  }

  list(name: string, most: number): unknown[] {
    const value = this.record[name];
    if (!Array.isArray(value) || value.length > most) this.fail(name, `a list of at most ${most}`);
    return value as unknown[];
  }

  private fail(name: string, expected: string): never {
    const shown = JSON.stringify(this.record[name])?.slice(0, 60) ?? "missing";
    throw new ModelError(`${this.where}.${name} is ${shown}; ${expected} expected`);
  }
}

function find(tensors: Tensors, name: string, dtype: "F32" | "I32", shape: readonly number[]) {
  const tensor = tensors.get(name);
  if (!tensor) throw new ModelError(`the model has no tensor "${name}"`);
  if (tensor.dtype !== dtype) {
    throw new ModelError(`tensor "${name}" has type ${tensor.dtype}; ${dtype} expected`);
  }
  const same = tensor.shape.length === shape.length && tensor.shape.every((n, i) => n === shape[i]);
  if (!same) {
    throw new ModelError(`tensor "${name}" has shape [${tensor.shape}]; [${shape}] expected`);
  }
  return tensor.data;
}

export function floats(tensors: Tensors, name: string, shape: readonly number[]): Float32Array {
  return find(tensors, name, "F32", shape) as Float32Array;
}

/** Whole numbers in `low..high - 1`. */
export function indices(
  tensors: Tensors,
  name: string,
  shape: readonly number[],
  low: number,
  high: number,
): Int32Array {
  const data = find(tensors, name, "I32", shape) as Int32Array;
  if (!data.every((n) => n >= low && n < high)) {
    throw new ModelError(`tensor "${name}" points outside ${low}..${high - 1}`);
  }
  return data;
}
