/** What the page and its worker say to each other. */

import type { Lesson, Progress } from "../engines/leakyTrainer.ts";
import type { Choice } from "../gpu/device.ts";
import type { LeakyParams } from "../model/leaky.ts";
import type { Model } from "../model/manifest.ts";

export type Arrays = Record<string, Float32Array>;

/** How a run is to be done beyond its image; each family reads what concerns it. */
export interface RunOptions {
  /** The class whose error is shown in the messages of the leaky family. */
  readonly target?: number | undefined;
  /** A second digit that takes over when the first has settled (GLOM). */
  readonly second?: Uint8Array | undefined;
  /** Its class, which only the page reads. */
  readonly secondLabel?: number | undefined;
}

export type Ask =
  | { kind: "open"; model: Model; backend: Choice }
  | { kind: "run"; id: number; image: Uint8Array; options: RunOptions }
  | { kind: "learn"; lessons: Lesson[]; steps: number }
  | { kind: "forget" }
  | { kind: "restore" }
  | { kind: "lose" };

export interface BackendState {
  readonly backend: "webgpu" | "cpu";
  readonly why: string;
}

export type Said =
  | ({ kind: "backend" } & BackendState)
  | { kind: "part"; id: number; at: number; arrays: Arrays }
  | { kind: "done"; id: number; arrays: Arrays; scores: Float64Array; ms: number; backend: "webgpu" | "cpu" }
  | { kind: "learned"; progress: Progress; params: LeakyParams }
  | { kind: "failed"; message: string };

/** What a family's engine gives for one image. */
export interface Outcome {
  readonly arrays: Arrays;
  readonly scores: Float64Array;
}

/** Called with each frame as soon as it is there; false means that nobody waits any more. */
export type Emit = (at: number, arrays: Arrays) => Promise<boolean>;

export interface Engine {
  run(image: Uint8Array, options: RunOptions, emit: Emit): Promise<Outcome>;
}
