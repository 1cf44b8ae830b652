/** The clock of the page: play, pause, step, speed. */

import { byId } from "./dom.ts";

const SPEEDS = [0.25, 0.5, 1, 2, 4];

export interface Pace {
  readonly duration: number;
  readonly rate: number;
  readonly unit: string;
  readonly isBegun?: boolean;
}

export class Player {
  clock = 0;
  duration = 1;
  available = 0;
  rate = 6;
  unit = "row";
  /** Whether the clock names the unit that runs, not how many are over. */
  isBegun = false;
  isPlaying = false;
  speed = 1;
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
  adapt({ duration, rate, unit, isBegun = false }: Pace): void {
    Object.assign(this, { duration, rate, unit, isBegun });
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
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))]!);
  }

  /** One of the speeds on offer; another is ignored. */
  setSpeed(speed: number): void {
    if (!SPEEDS.includes(speed)) return;
    this.speed = speed;
    this.select.value = String(speed);
  }

  private show(): void {
    this.slider.value = String(this.clock);
    this.button.textContent = this.isPlaying ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.isPlaying ? "pause" : "play");
    byId("clock").textContent = `${this.unit} ${Math.min(Math.floor(this.clock) + Number(this.isBegun), this.duration)}/${this.duration}`;
  }
}
