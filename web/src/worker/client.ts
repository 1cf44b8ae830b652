/** The page's side of the worker: the newest run wins, older answers are dropped. */

import type { Lesson } from "../engines/leakyTrainer.ts";
import type { Choice } from "../gpu/device.ts";
import type { Model } from "../model/manifest.ts";
import type { Arrays, Ask, RunOptions, Said } from "./protocol.ts";

/** All that was computed for one image; grows while parts come in. */
export interface Episode {
  readonly id: number;
  readonly image: Uint8Array;
  readonly options: RunOptions;
  readonly parts: Arrays[];
  arrays: Arrays;
  scores: Float64Array | null;
  ms: number;
  backend: "webgpu" | "cpu" | null;
}

export interface Listener {
  onBackend(backend: "webgpu" | "cpu", why: string): void;
  onEpisode(episode: Episode, isDone: boolean): void;
  onLearned(said: Extract<Said, { kind: "learned" }>): void;
  onFailure(message: string): void;
}

export class Client {
  private readonly worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  private episode: Episode | null = null;
  private count = 0;

  constructor(private readonly listener: Listener) {
    this.worker.onmessage = (event: MessageEvent<Said>) => this.hear(event.data);
    this.worker.onerror = (event) => listener.onFailure(event.message || "the worker did not start");
  }

  open(model: Model, backend: Choice): void {
    this.episode = null;
    this.ask({ kind: "open", model, backend });
  }

  run(image: Uint8Array, options: RunOptions): void {
    const id = ++this.count;
    this.episode = { id, image, options, parts: [], arrays: {}, scores: null, ms: 0, backend: null };
    this.ask({ kind: "run", id, image, options });
  }

  learn(lessons: Lesson[], steps: number): void {
    this.ask({ kind: "learn", lessons, steps });
  }

  tell(kind: "forget" | "restore" | "lose"): void {
    this.ask({ kind });
  }

  private ask(ask: Ask): void {
    this.worker.postMessage(ask);
  }

  private hear(said: Said): void {
    const { listener, episode } = this;
    if (said.kind === "backend") listener.onBackend(said.backend, said.why);
    else if (said.kind === "failed") listener.onFailure(said.message);
    else if (said.kind === "learned") listener.onLearned(said);
    else if (episode && said.id === episode.id) {
      if (said.kind === "part") episode.parts[said.at] = said.arrays;
      else Object.assign(episode, { arrays: said.arrays, scores: said.scores, ms: said.ms, backend: said.backend });
      listener.onEpisode(episode, said.kind === "done");
    }
  }
}
