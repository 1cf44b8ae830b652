/** Everything that takes time happens here, so that the page never stutters. */

import { LeakyTrainer } from "../engines/leakyTrainer.ts";
import { type Choice, type Gpu, openGpu } from "../gpu/device.ts";
import type { Model } from "../model/manifest.ts";
import { openEngine } from "./engines.ts";
import type { Ask, Emit, Engine, RunOptions, Said } from "./protocol.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;

interface Job {
  id: number;
  image: Uint8Array;
  options: RunOptions;
}

let gpu: Gpu | null = null;
let model: Model | null = null;
let trainer: LeakyTrainer | null = null;
let engine: Engine | null = null;
let waiting: Job | null = null;
let isBusy = false;
let generation = 0;

function say(said: Said, transfer: Transferable[] = []): void {
  scope.postMessage(said, transfer);
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

scope.onmessage = (event: MessageEvent<Ask>) => {
  const ask = event.data;
  void answer(ask).catch((error) => say({ kind: "failed", message: sentence(error) }));
};

async function answer(ask: Ask): Promise<void> {
  if (ask.kind === "open") return open(ask.model, ask.backend);
  if (ask.kind === "run") {
    waiting = ask;
    return work();
  }
  if (ask.kind === "lose") return gpu?.device.destroy();
  if (!trainer) return;
  if (ask.kind === "learn") {
    let progress = trainer.step(ask.lessons);
    for (let n = 1; n < ask.steps; n++) progress = trainer.step(ask.lessons);
    say({ kind: "learned", progress, params: trainer.params });
  } else if (ask.kind === "forget") trainer.forget();
  else trainer.restore();
}

async function open(next: Model, choice: Choice): Promise<void> {
  const mine = ++generation;
  model = next;
  engine = null;
  trainer = next.family === "leaky" ? new LeakyTrainer(next, next.hops) : null;
  const opened = gpu && choice !== "cpu" ? gpu : await openGpu(choice);
  if (mine !== generation) return;
  if (typeof opened === "string") {
    useCpu(opened);
  } else {
    if (opened !== gpu) watch(opened);
    gpu = opened;
    engine = openEngine(next, opened.device, trainer);
    say({ kind: "backend", backend: "webgpu", why: opened.name });
  }
  await work();
}

function useCpu(why: string): void {
  gpu = null;
  if (!model) return;
  engine = openEngine(model, null, trainer);
  say({ kind: "backend", backend: "cpu", why });
}

/** A lost device is no reason to stop: go on in plain TypeScript, and do again what was asked. */
function watch(opened: Gpu): void {
  void opened.device.lost.then((info) => {
    if (gpu !== opened) return;
    useCpu(`the graphics device was lost (${info.reason || "unknown"})`);
    void work();
  });
}

/** Runs the newest request; older ones that did not start are forgotten. */
async function work(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  try {
    while (waiting && engine) {
      const job = waiting;
      waiting = null;
      await runOne(job, engine);
    }
  } finally {
    isBusy = false;
  }
}

async function runOne(job: Job, using: Engine): Promise<void> {
  const emit: Emit = async (at, arrays) => {
    const buffers = Object.values(arrays).map((array) => array.buffer);
    say({ kind: "part", id: job.id, at, arrays }, buffers);
    await new Promise((resolve) => setTimeout(resolve)); // lets a newer request come in
    return waiting === null && engine === using;
  };
  const start = performance.now();
  try {
    const { arrays, scores } = await using.run(job.image, job.options, emit);
    const ms = performance.now() - start;
    const buffers = Object.values(arrays).map((array) => array.buffer);
    const backend = gpu && engine === using ? "webgpu" : "cpu";
    say({ kind: "done", id: job.id, arrays, scores, ms, backend }, buffers);
  } catch (error) {
    if (engine !== using || !gpu) waiting ??= job; // the device went away under it
    else {
      useCpu(`WebGPU failed (${sentence(error)})`);
      waiting ??= job;
    }
  }
}
