/** The page: one model, one image, one episode, one clock. */

import type { Choice } from "./gpu/device.ts";
import type { Model } from "./model/manifest.ts";
import { type Entry, listModels, loadModel } from "./ui/catalogue.ts";
import { byId, make } from "./ui/dom.ts";
import { listDisplays, markDisplay } from "./ui/displays.ts";
import { listenToKeys } from "./ui/keys.ts";
import { copyLink, readLink, type Shared, sharedOf } from "./ui/link.ts";
import { Pad } from "./ui/pad.ts";
import { Player } from "./ui/player.ts";
import { Samples, type Sample } from "./ui/samples.ts";
import { Scores } from "./ui/scores.ts";
import { Stage } from "./ui/stage.ts";
import { Teach } from "./ui/teach.ts";
import { chooseTheme, showTheme } from "./ui/theme.ts";
import { tellBackend, tellModel, tellProblem } from "./ui/words.ts";
import { viewOf } from "./views/index.ts";
import type { View } from "./views/view.ts";
import { Client, type Episode } from "./worker/client.ts";
import type { RunOptions } from "./worker/protocol.ts";

export class App {
  model: Model | null = null;
  view: View | null = null;
  episode: Episode | null = null;
  backend = { backend: "cpu" as "webgpu" | "cpu", why: "" };
  framesDrawn = 0;
  readonly player = new Player(() => this.changed());
  readonly stage = new Stage(() => this.changed());
  readonly scores = new Scores();
  readonly client: Client;
  readonly pad = new Pad((isDone) => this.drew(isDone));
  readonly samples = new Samples((sample) => this.pick(sample));
  readonly teach: Teach;
  entries: Entry[] = [];
  entry: Entry | null = null;
  /** What the networks see; null for nothing yet. */
  image: Uint8Array | null = null;
  label: number | null = null;
  options: RunOptions = {};
  private isDirty = true;
  private lastFrame = 0;
  private wantsPlay = false;
  private resumeAt: number | null = null;
  private readonly choice: Choice;

  constructor() {
    const asked = new URLSearchParams(location.search).get("backend");
    this.choice = asked === "cpu" || asked === "webgpu" ? asked : "auto";
    this.client = new Client({
      onBackend: (backend, why) => this.showBackend(backend, why),
      onEpisode: (episode, isDone) => this.heard(episode, isDone),
      onLearned: ({ progress }) => {
        this.teach.heard(progress);
        this.rerun(false);
      },
      onFailure: (message) => this.problem(message),
    });
    this.teach = new Teach({
      learn: (lessons, steps) => this.client.learn(lessons, steps),
      change: (how) => {
        this.client.tell(how);
        this.rerun(true);
      },
      image: () => this.image,
    });
    byId("clear").onclick = () => this.clear();
    byId("centre").onchange = () => this.drew(true);
    byId("share").onclick = () => void this.share();
    byId("theme").onclick = () => this.switchTheme();
    byId("extras").addEventListener("redraw", () => this.changed());
    byId("help").onclick = () => byId<HTMLDialogElement>("keys").showModal();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.rethemed());
    addEventListener("hashchange", () => void this.restore(readLink(location.hash)));
    listenToKeys(this);
    requestAnimationFrame((now) => this.frame(now));
  }

  async start(): Promise<void> {
    try {
      this.entries = await listModels();
    } catch (error) {
      return this.problem(`No list of models: ${sentence(error)}`);
    }
    byId("tabs").replaceChildren(...this.entries.map((entry) => this.tab(entry)));
    await this.restore(readLink(location.hash));
  }

  private tab(entry: Entry): HTMLButtonElement {
    const button = make("button", { textContent: entry.title, title: entry.name });
    button.setAttribute("role", "tab");
    button.onclick = () => void this.open(entry);
    return button;
  }

  private async restore(link: Shared): Promise<void> {
    if (link.theme) {
      showTheme(link.theme);
      this.rethemed();
    }
    if (link.image) {
      this.image = link.image;
      this.label = link.label;
      this.pad.set(link.image);
    }
    const entry = this.entries.find(({ name }) => name === link.model) ?? this.entries[0];
    if (!entry) return this.problem("There is no model to show.");
    if (link.speed) this.player.setSpeed(link.speed);
    const { second, secondLabel } = link;
    await this.open(entry, second ? { second, secondLabel: secondLabel ?? undefined } : {}, link.look);
    if (link.display && this.view?.displays.some(({ id }) => id === link.display)) this.show(link.display);
    if (link.clock === null) return;
    this.wantsPlay = false;
    // Once more with the answer: with a second digit the clock goes further than it can now.
    this.resumeAt = link.clock;
    this.player.seek(link.clock);
  }

  /** Show another network; the image stays. */
  async open(entry: Entry, options: RunOptions = {}, look: string | null = null): Promise<void> {
    this.entry = entry;
    [...byId("tabs").children].forEach((tab, n) =>
      tab.setAttribute("aria-selected", String(this.entries[n] === entry)),
    );
    let model: Model;
    try {
      model = await loadModel(entry);
    } catch (error) {
      return this.problem(`${entry.name} cannot be shown: ${sentence(error)}`);
    }
    if (this.entry !== entry) return;
    tellProblem("");
    const isFirst = this.model === null;
    this.model = model;
    this.view = viewOf(model);
    if (look && "look" in this.view) this.view.look = look;
    this.episode = null;
    this.stage.setView(this.view);
    this.player.clock = 0;
    this.player.adapt(this.view);
    tellModel(model, this.view.lead);
    this.options = options;
    this.listDisplays();
    this.teach.setModel(model.family === "leaky" ? model : null);
    this.client.open(model, this.choice);
    if (isFirst) await this.samples.load(model.probes);
    if (!this.image) {
      const first = this.samples.ofClass(7) ?? model.probes[0];
      if (first) this.take(first);
    }
    this.rerun(true);
  }

  private listDisplays(): void {
    const view = this.view!;
    listDisplays(view, (id) => this.show(id), {
      set: (options) => this.setOptions(options),
      samples: (label) => this.samples.ofClass(label)?.image ?? null,
      options: this.options,
    });
    this.show(view.display);
  }

  show(display: string): void {
    if (!this.view) return;
    this.view.display = display;
    markDisplay(display);
    this.stage.drawRamp();
    this.changed();
  }

  private setOptions(options: RunOptions): void {
    this.options = { ...this.options, ...options };
    this.rerun(true);
  }

  // -- images -------------------------------------------------------------------------------

  pick(sample: Sample): void {
    this.take(sample);
    this.rerun(true);
  }

  private take(sample: Sample): void {
    this.image = sample.image;
    this.label = sample.label;
    this.pad.set(sample.image);
  }

  private drew(isDone: boolean): void {
    if (this.pad.isEmpty) return;
    this.image = this.pad.drawing;
    this.label = null;
    this.rerun(isDone);
  }

  clear(): void {
    this.pad.clear();
    this.image = null;
    this.label = null;
    this.episode = null;
    this.view?.setEpisode(null);
    this.player.available = 0;
    this.player.seek(0);
  }

  /** Compute again; play it from the start, or stay at the end. */
  rerun(isPlayed: boolean): void {
    if (!this.image || !this.model) return;
    this.wantsPlay = isPlayed;
    this.resumeAt = null;
    const target = this.label === null ? {} : { target: this.label };
    this.client.run(this.image, { ...this.options, ...target });
  }

  // -- what the worker says ------------------------------------------------------------------

  private heard(episode: Episode, isDone: boolean): void {
    const isNew = episode !== this.episode;
    this.episode = episode;
    if (!this.view) return;
    this.view.setEpisode(episode);
    this.player.available = this.view.available;
    this.player.adapt(this.view);
    if (isNew) {
      if (this.resumeAt !== null) this.player.seek(this.resumeAt);
      else if (this.wantsPlay) this.player.play(0);
      else if (!this.player.isPlaying && isDone && this.isDrawing) this.player.seek(this.view.duration);
      this.wantsPlay = false;
      this.resumeAt = null;
    }
    if (isDone) tellProblem("");
    this.changed();
  }

  private get isDrawing(): boolean {
    return this.label === null && !this.teach.lessons.length;
  }

  private showBackend(backend: "webgpu" | "cpu", why: string): void {
    this.backend = { backend, why };
    tellBackend(backend, why);
  }

  problem(message: string): void {
    tellProblem(message);
  }

  // -- drawing -------------------------------------------------------------------------------

  private changed(): void {
    this.isDirty = true;
  }

  private frame(now: number): void {
    const seconds = Math.min((now - this.lastFrame) / 1000, 0.1);
    this.lastFrame = now;
    if (this.player.isPlaying) {
      this.player.advance(seconds);
      this.isDirty = true;
    }
    if (this.isDirty && this.view) {
      this.isDirty = false;
      const { clock } = this.player;
      this.stage.draw(clock);
      const { view } = this;
      const label = view.labelAt ? view.labelAt(clock, this.label) : this.label;
      this.scores.show(view.scoresAt(clock), clock >= view.duration, label, view.isVote);
      const caption = byId("caption");
      const text = this.view.caption(clock);
      if (caption.textContent !== text) caption.textContent = text;
      this.framesDrawn++;
    }
    requestAnimationFrame((next) => this.frame(next));
  }

  // -- link ----------------------------------------------------------------------------------

  share(): Promise<void> {
    return copyLink(sharedOf(this));
  }

  switchTheme(): void {
    chooseTheme(this.stage.palette.isDark ? "light" : "dark");
    this.rethemed();
  }

  private rethemed(): void {
    this.stage.retheme();
    this.stage.drawRamp();
    this.pad.draw();
    this.samples.draw();
  }
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
