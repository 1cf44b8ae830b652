/** Teaching the network in the page, by its local rule, on drawings of your own. */

import type { Lesson, Progress } from "../engines/leakyTrainer.ts";
import type { LeakyModel } from "../model/leaky.ts";
import { byId, context2d, make } from "./dom.ts";

export interface Teacher {
  learn(lessons: Lesson[], steps: number): void;
  /** Random weights, or those that were loaded. */
  change(how: "forget" | "restore"): void;
  image(): Uint8Array | null;
}

const STEPS_AT_ONCE = 2;
const MOST_LESSONS = 60;

export class Teach {
  readonly lessons: Lesson[] = [];
  private losses: number[] = [];
  private isRunning = false;
  private readonly toggle = make("button", { textContent: "Train" });
  private readonly said = make("p");
  private readonly curve = make("canvas", { id: "curve", width: 200, height: 44 });
  private readonly labels = make("div", { className: "labels" });

  constructor(private readonly teacher: Teacher) {
    for (let c = 0; c < 10; c++) {
      const button = make("button", { textContent: String(c), title: `this is a ${c}` });
      button.onclick = () => this.add(c);
      this.labels.append(button);
    }
    this.toggle.onclick = () => (this.isRunning ? this.stop() : this.start());
  }

  /** Show the panel for a model that can learn, or none. */
  setModel(model: LeakyModel | null): void {
    this.stop();
    this.lessons.length = 0;
    this.losses = [];
    const panel = byId("teach");
    panel.replaceChildren();
    if (!model) return;
    const forget = make("button", { textContent: "Start from nothing", title: "random weights" });
    forget.onclick = () => this.reset("forget");
    const restore = make("button", { textContent: "Undo", title: "the weights that were loaded" });
    restore.onclick = () => this.reset("restore");
    panel.append(
      make("h2", { textContent: "Teach it, live" }),
      make("p", { textContent: "This drawing is a …" }),
      this.labels,
      this.said,
      this.curve,
      make("div", { className: "buttons" }, this.toggle, forget, restore),
    );
    this.show(null, model.hops);
  }

  private add(label: number): void {
    const image = this.teacher.image();
    if (!image) return;
    this.lessons.push({ image: image.slice(), label });
    if (this.lessons.length > MOST_LESSONS) this.lessons.shift();
    this.start();
  }

  private start(): void {
    if (!this.lessons.length) {
      const image = this.teacher.image();
      this.said.textContent = image ? "Say first what the drawing is." : "Draw or pick a digit first.";
      return;
    }
    const wasRunning = this.isRunning;
    this.isRunning = true;
    this.toggle.textContent = "Pause";
    if (!wasRunning) this.teacher.learn(this.lessons, STEPS_AT_ONCE);
  }

  private stop(): void {
    this.isRunning = false;
    this.toggle.textContent = "Train";
  }

  private reset(how: "forget" | "restore"): void {
    this.stop();
    this.losses = [];
    this.teacher.change(how);
    this.draw();
  }

  /** The worker has taken a step; ask for the next. */
  heard(progress: Progress): void {
    this.losses.push(progress.loss);
    if (this.losses.length > 400) this.losses.shift();
    this.show(progress, 0);
    this.draw();
    const isLearnt = progress.right === progress.of && progress.loss < 0.02;
    if (isLearnt) this.stop();
    if (this.isRunning) this.teacher.learn(this.lessons, STEPS_AT_ONCE);
  }

  private show(progress: Progress | null, hops: number): void {
    this.said.textContent = progress
      ? `${progress.of} drawing${progress.of > 1 ? "s" : ""}, ${progress.right} right · step ${progress.steps} · loss ${progress.loss.toFixed(3)}`
      : `Each label adds a lesson. Learning uses only what a cell and its neighbours know (traces of ${hops} hop${hops === 1 ? "" : "s"}).`;
  }

  private draw(): void {
    const context = context2d(this.curve);
    const { width, height } = this.curve;
    context.clearRect(0, 0, width, height);
    const most = Math.max(...this.losses, 0.1);
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    context.lineWidth = 2;
    context.beginPath();
    this.losses.forEach((loss, n) => {
      const x = (n / Math.max(this.losses.length - 1, 1)) * width;
      context.lineTo(x, height - 3 - (loss / most) * (height - 6));
    });
    context.stroke();
  }
}
