/** The clock of the page: play, pause, step, speed. */

import { byId } from "./dom.ts";

const SPEEDS = [0.25, 0.5, 1, 2, 4];

export class Player {
  clock = 0;
  duration = 1;
  available = 0;
  rate = 6;
  unit = "row";
  isPlaying = false;
  private speed = 1;
  private readonly slider = byId<HTMLInputElement>("time");
  private readonly select = byId<HTMLSelectElement>("speed");
  private readonly button = byId<HTMLButtonElement>("play");

  constructor(private readonly onChange: () => void) {
    this.button.onclick = () => this.toggle();
    byId("back").onclick = () => this.step(-1);
    byId("forth").onclick = () => this.step(1);
    this.slider.oninput = () => this.seek(Number(this.slider.value));
    this.select.onchange = () => (this.speed = Number(this.select.value));
  }

  /** Take over the length and pace of a view. */
  adapt({ duration, rate, unit }: { duration: number; rate: number; unit: string }): void {
    if (duration === this.duration && rate === this.rate && unit === this.unit) return;
    Object.assign(this, { duration, rate, unit });
    this.slider.max = String(duration);
    this.clock = Math.min(this.clock, duration);
    this.show();
  }

  /** Called once per drawn frame. */
  advance(seconds: number): void {
    if (!this.isPlaying) return;
    const limit = this.available;
    const next = Math.min(this.clock + seconds * this.rate * this.speed, limit);
    this.clock = next;
    if (next >= this.duration) this.isPlaying = false;
    this.show();
  }

  toggle(): void {
    if (!this.isPlaying && this.clock >= this.duration) this.clock = 0;
    this.isPlaying = !this.isPlaying;
    this.show();
    this.onChange();
  }

  play(from = 0): void {
    this.clock = from;
    this.isPlaying = true;
    this.show();
  }

  step(by: number): void {
    const whole = by > 0 ? Math.floor(this.clock + 1e-6) : Math.ceil(this.clock - 1e-6);
    this.seek(whole + by);
  }

  seek(to: number): void {
    this.isPlaying = false;
    this.clock = Math.max(0, Math.min(to, this.duration));
    this.show();
    this.onChange();
  }

  faster(by: number): void {
    const at = SPEEDS.indexOf(this.speed) + by;
    this.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))]!;
    this.select.value = String(this.speed);
  }

  private show(): void {
    this.slider.value = String(this.clock);
    this.button.textContent = this.isPlaying ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.isPlaying ? "pause" : "play");
    byId("clock").textContent = `${this.unit} ${Math.floor(this.clock)}/${this.duration}`;
  }
}
