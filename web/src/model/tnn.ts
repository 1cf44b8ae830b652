/** Temporal neural networks: inputs, columns and buffers, linked, wave after wave. */

import { Fields, floats } from "./fields.ts";
import { CLASSES, type Common } from "./manifest.ts";
import { ModelError, type Tensors } from "./safetensors.ts";

export interface Inputs {
  readonly name: string;
  readonly channels: readonly number[];
}

export interface Column {
  readonly name: string;
  readonly size: number;
  readonly threshold: number;
  readonly winners: number | null;
}

export interface Buffer {
  readonly name: string;
  readonly of: string;
  /** Height of its spikes; a buffer of height 0 stays silent. */
  readonly height: number;
}

export interface Link {
  readonly source: string;
  readonly target: string;
  readonly height: number;
  /** `[source, target]`. */
  readonly weight: Float32Array;
}

export interface TnnModel extends Common {
  readonly family: "tnn";
  readonly waves: number;
  readonly length: number;
  /** One past the last step at which a column's spike is seen. */
  readonly lastStep: number;
  readonly separateWaves: boolean;
  readonly lines: number;
  readonly stride: number;
  readonly isOnOff: boolean;
  readonly crop: number;
  readonly inputs: readonly Inputs[];
  /** In the order in which they are computed. */
  readonly columns: readonly Column[];
  readonly buffers: readonly Buffer[];
  readonly links: readonly Link[];
  readonly sizes: Readonly<Record<string, number>>;
  /** Populations that the classifier counts. */
  readonly read: readonly string[];
  readonly readsAll: boolean;
  readonly scale: number;
  /** `[class, feature]`. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

const MAX_UNITS = 8192;
const MAX_SYNAPSES = 4_000_000;

export function readTnn(fields: Fields, tensors: Tensors, common: Common): TnnModel {
  const crop = fields.whole("crop", 1, 28);
  const lines = fields.whole("lines", 1, crop);
  const stride = fields.whole("stride", 1, crop);
  const waves = Math.floor((crop - lines) / stride) + 1;
  const isOnOff = fields.flag("on_off");
  const channels = lines * crop * (isOnOff ? 2 : 1);
  const length = fields.whole("length", 2, 31);
  const sizes: Record<string, number> = {};
  const name = (one: Fields): string => {
    const said = one.text("name", 60);
    if (Object.hasOwn(sizes, said)) throw new ModelError(`two populations are called "${said}"`);
    return said;
  };
  const inputs = fields.list("inputs", 16).map((value, n) => {
    const one = Fields.of(value, `inputs[${n}]`);
    const shown = one.list("channels", channels) as number[];
    if (!shown.every((c) => Number.isInteger(c) && c >= 0 && c < channels)) {
      throw new ModelError(`inputs[${n}] show channels outside 0..${channels - 1}`);
    }
    const called = name(one);
    sizes[called] = shown.length;
    return { name: called, channels: shown };
  });
  const columns = fields.list("columns", 16).map((value, n) => {
    const one = Fields.of(value, `columns[${n}]`);
    const size = one.whole("size", 1, MAX_UNITS);
    const called = name(one);
    sizes[called] = size;
    const winners = one.has("winners") ? one.whole("winners", 1, size) : null;
    return { name: called, size, threshold: one.number("threshold", 1e-9, 1e9), winners };
  });
  const buffers = fields.list("buffers", 16).map((value, n) => {
    const one = Fields.of(value, `buffers[${n}]`);
    const of = one.text("of", 60);
    if (!Object.hasOwn(sizes, of)) throw new ModelError(`a buffer is of "${of}", which is no population`);
    const called = name(one);
    sizes[called] = sizes[of]!;
    return { name: called, of, height: one.number("height", 0, 1e6) };
  });
  const links = readLinks(fields, tensors, sizes);
  const read = fields.list("read", 16).map(String);
  if (!read.every((one) => columns.some((column) => column.name === one))) {
    throw new ModelError("a population that is read is no column");
  }
  const readsAll = fields.flag("reads_all");
  const features = read.reduce((sum, one) => sum + sizes[one]!, 0) * (readsAll ? waves : 1);
  return {
    ...common,
    family: "tnn",
    waves, length, crop, lines, stride, isOnOff, inputs, columns, buffers, links, sizes, read, readsAll,
    lastStep: fields.whole("last_step", 1, length),
    separateWaves: fields.flag("separate_waves"),
    scale: fields.number("scale", 1e-9, 1e9),
    weight: floats(tensors, "classifier.weight", [CLASSES, features]),
    bias: floats(tensors, "classifier.bias", [CLASSES]),
  };
}

function readLinks(fields: Fields, tensors: Tensors, sizes: Record<string, number>): Link[] {
  let synapses = 0;
  return fields.list("links", 64).map((value, n) => {
    const one = Fields.of(value, `links[${n}]`);
    const [source, target] = [one.text("source", 60), one.text("target", 60)];
    if (!Object.hasOwn(sizes, source) || !Object.hasOwn(sizes, target)) {
      throw new ModelError(`links[${n}] goes from "${source}" to "${target}", which are not both there`);
    }
    synapses += sizes[source]! * sizes[target]!;
    if (synapses > MAX_SYNAPSES) throw new ModelError(`more than ${MAX_SYNAPSES} synapses`);
    return {
      source, target,
      height: one.number("height", 0, 1e6),
      weight: floats(tensors, one.text("weight", 80), [sizes[source]!, sizes[target]!]),
    };
  });
}
