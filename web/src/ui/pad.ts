/** Drawing with mouse, finger or keys on 28 x 28 pixels. */

import { byId, context2d } from "./dom.ts";
import { centred } from "./framing.ts";

const SIDE = 28;
const BRUSH = 1.25;

export class Pad {
  readonly pixels = new Uint8Array(SIDE * SIDE);
  private readonly canvas = byId<HTMLCanvasElement>("pad");
  private readonly context = context2d(this.canvas);
  private last: [number, number] | null = null;
  private cursor: [number, number] | null = null;
  private isDown = false;

  constructor(private readonly onChange: (isDone: boolean) => void) {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = null;
      this.isDown = true;
      this.stroke(event);
    });
    canvas.addEventListener("pointermove", (event) => this.isDown && this.stroke(event));
    for (const name of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(name, () => {
        if (!this.isDown) return;
        this.isDown = false;
        this.onChange(true);
      });
    }
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.moveCursor(null));
  }

  set(image: Uint8Array): void {
    this.pixels.set(image);
    this.draw();
  }

  clear(): void {
    this.pixels.fill(0);
    this.draw();
  }

  get isEmpty(): boolean {
    return this.pixels.every((p) => p === 0);
  }

  /** What was drawn, framed unless that is unticked. */
  get drawing(): Uint8Array {
    return byId<HTMLInputElement>("centre").checked ? centred(this.pixels) : this.pixels.slice();
  }

  private stroke(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const here: [number, number] = [
      ((event.clientX - box.left) / box.width) * SIDE,
      ((event.clientY - box.top) / box.height) * SIDE,
    ];
    this.line(this.last ?? here, here);
    this.last = here;
    this.onChange(false);
  }

  private line(from: [number, number], to: [number, number]): void {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const steps = Math.max(1, Math.ceil(length * 2));
    for (let n = 1; n <= steps; n++) {
      this.dab(from[0] + ((to[0] - from[0]) * n) / steps, from[1] + ((to[1] - from[1]) * n) / steps);
    }
    this.draw();
  }

  private dab(x: number, y: number): void {
    for (let r = Math.max(0, Math.floor(y - 3)); r < Math.min(SIDE, y + 3); r++) {
      for (let c = Math.max(0, Math.floor(x - 3)); c < Math.min(SIDE, x + 3); c++) {
        const distance = Math.hypot(c + 0.5 - x, r + 0.5 - y);
        const value = Math.round(255 * Math.max(0, Math.min(1, BRUSH + 0.5 - distance)));
        const at = r * SIDE + c;
        this.pixels[at] = Math.max(this.pixels[at]!, value);
      }
    }
  }

  private key(event: KeyboardEvent): void {
    const moves: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    const move = moves[event.key];
    if (move && !event.altKey) {
      const [x, y] = this.cursor ?? [14, 14];
      const next: [number, number] = [clamp(x + move[0]), clamp(y + move[1])];
      if (event.shiftKey) this.line([x, y], next);
      this.moveCursor(next);
      if (event.shiftKey) this.onChange(true);
    } else if (event.key === "Enter") {
      this.dab(...(this.cursor ?? [14, 14]));
      this.moveCursor(this.cursor ?? [14, 14]);
      this.onChange(true);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private moveCursor(to: [number, number] | null): void {
    this.cursor = to;
    this.draw();
  }

  draw(): void {
    const { context, canvas } = this;
    const size = canvas.width / SIDE;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
    for (let i = 0; i < this.pixels.length; i++) {
      if (!this.pixels[i]) continue;
      context.globalAlpha = this.pixels[i]! / 255;
      context.fillRect((i % SIDE) * size, Math.floor(i / SIDE) * size, size, size);
    }
    context.globalAlpha = 1;
    byId("padhint").hidden = !this.isEmpty;
    if (!this.cursor) return;
    context.strokeStyle = "#3a86ff";
    context.lineWidth = 2;
    context.strokeRect(this.cursor[0] * size - size / 2, this.cursor[1] * size - size / 2, size, size);
  }
}

function clamp(at: number): number {
  return Math.max(1, Math.min(SIDE - 1, at));
}
