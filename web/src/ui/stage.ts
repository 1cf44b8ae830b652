/** The big canvas: sharp at any size, with a card beside whatever the pointer is on. */

import { type Palette, readPalette } from "../views/palette.ts";
import type { Inspection, View } from "../views/view.ts";
import { byId, context2d, make } from "./dom.ts";

export class Stage {
  view: View | null = null;
  palette: Palette = readPalette(document.documentElement);
  private readonly canvas = byId<HTMLCanvasElement>("stage");
  private readonly context = context2d(this.canvas);
  private readonly tip = byId("tip");
  private pointer: { x: number; y: number } | null = null;
  private dragged: { x: number; y: number } | null = null;
  private isByKeyboard = false;
  private width = 0;
  private height = 0;

  constructor(private readonly onDirty: () => void) {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerdown", (event) => {
      this.dragged = { x: event.clientX, y: event.clientY };
      this.move(event);
    });
    addEventListener("pointerup", () => (this.dragged = null));
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.leave();
    });
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement!);
  }

  setView(view: View): void {
    this.view = view;
    this.leave();
    this.resize();
  }

  retheme(): void {
    this.palette = readPalette(document.documentElement);
    this.onDirty();
  }

  private resize(): void {
    const width = this.canvas.parentElement!.clientWidth;
    if (!this.view || !width) return;
    const height = Math.round(this.view.heightFor(width));
    const ratio = Math.min(devicePixelRatio || 1, 2);
    if (width !== this.width || height !== this.height) {
      this.width = width;
      this.height = height;
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.height = `${height}px`;
    }
    this.onDirty();
  }

  draw(clock: number): void {
    if (!this.view || !this.width) return;
    const ratio = this.canvas.width / this.width;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    this.view.draw(this.context, { width: this.width, height: this.height }, clock, this.palette);
    if (this.pointer) this.showTip(this.view.inspect(this.pointer.x, this.pointer.y));
    else if (this.isByKeyboard) this.showTip(this.view.inspection());
  }

  private move(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    this.isByKeyboard = false;
    this.pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
    if (this.dragged && this.view?.drag) {
      const turned = this.view.drag(event.clientX - this.dragged.x, event.clientY - this.dragged.y);
      this.dragged = { x: event.clientX, y: event.clientY };
      if (turned) this.pointer = null;
    }
    this.onDirty();
  }

  private leave(): void {
    this.pointer = null;
    this.view?.inspect(-1e9, -1e9);
    this.tip.hidden = true;
    this.onDirty();
  }

  /** Inspect the next cell in a direction. */
  step(dx: number, dy: number): void {
    this.view?.move(dx, dy);
    this.pointer = null;
    this.isByKeyboard = true;
    this.onDirty();
  }

  private showTip(inspection: Inspection | null): void {
    this.tip.hidden = !inspection;
    if (!inspection) return;
    this.tip.replaceChildren(
      make("b", { textContent: inspection.title }),
      ...inspection.rows.map(([name, value]) =>
        make("div", {}, make("span", { textContent: name }), make("span", { textContent: value })),
      ),
    );
    const at = this.pointer ?? { x: this.width - 10, y: 10 };
    const { offsetWidth: wide, offsetHeight: high } = this.tip;
    const beside = at.x > this.width / 2 ? at.x - 16 - wide : at.x + 16;
    const fits = beside >= 0 && beside + wide <= this.width;
    // Where there is no room beside the pointer, as on a phone, above or below it.
    const left = fits ? beside : Math.max(0, Math.min(at.x - wide / 2, this.width - wide));
    const top = fits ? Math.min(at.y - 20, this.height - high) : at.y > this.height / 2 ? at.y - 28 - high : at.y + 28;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${fits ? Math.max(0, top) : top}px`;
  }

  drawRamp(): void {
    const legend = this.view?.legend();
    byId("scale").hidden = !legend || legend.kind === "none";
    if (!legend || legend.kind === "none") return;
    const colours = legend.kind === "signed" ? this.palette.signed : this.palette.amount;
    const ramp = byId<HTMLCanvasElement>("ramp");
    const context = context2d(ramp);
    for (let x = 0; x < ramp.width; x++) {
      context.fillStyle = colours[Math.floor((x / (ramp.width - 1)) * 255)]!;
      context.fillRect(x, 0, 1, ramp.height);
    }
    byId("low").textContent = legend.low;
    byId("high").textContent = legend.high;
  }
}
