/** gridnet on the canvas: a box of cells as a deck of slices, input face in front. */

import type { GridnetModel } from "../model/gridnet.ts";
import { make } from "../ui/dom.ts";
import type { Episode } from "../worker/client.ts";
import { describeCell } from "./cubeCell.ts";
import { CubeScene } from "./cubeScene.ts";
import { type Palette, signedAt } from "./palette.ts";
import { type Display, type Inspection, type Legend, type Size, type View } from "./view.ts";

const DISPLAYS: readonly Display[] = [
  { id: "signal", label: "Signal", help: "how far the image has travelled: the difference to an empty image" },
  { id: "state", label: "Activity", help: "what the cells hold" },
];
/** When, within an outer step, blocks have parted, have finished, and are together again. */
const [PARTED, DONE, TOGETHER] = [0.14, 0.6, 0.8];

export class CubeView implements View {
  readonly unit = "outer step";
  readonly rate: number;
  readonly lead: string;
  readonly displays = DISPLAYS;
  display = "signal";
  private episode: Episode | null = null;
  private readonly scene: CubeScene;
  private readonly cells: number;
  private readonly slice = document.createElement("canvas");
  private values: Float32Array = new Float32Array(0);
  private clock = 0;
  private picked = -1;

  constructor(private readonly model: GridnetModel) {
    const [m, n, k] = model.shape;
    this.cells = m * n * k;
    this.scene = new CubeScene(model.shape, model.block);
    this.rate = Math.max(1.2, model.outer / 12);
    this.slice.width = n;
    this.slice.height = m;
    this.lead =
      `A box of ${m} × ${n} × ${k} cells with weights of their own. The digit is written once on the front face; ` +
      `${model.outer} outer steps later the answer is read from the back.`;
  }

  get duration(): number {
    return this.model.outer;
  }

  get available(): number {
    return Math.max(0, (this.episode?.parts.length ?? 0) - 1);
  }

  setEpisode(episode: Episode | null): void {
    this.episode = episode;
  }

  heightFor(width: number): number {
    return Math.min(560, Math.max(300, width * 0.72));
  }

  drag(dx: number, dy: number): boolean {
    this.scene.turn(dx, dy);
    return true;
  }

  get look(): string {
    const { yaw, pitch, spread } = this.scene;
    return [yaw, pitch, spread].map((value) => value.toFixed(2)).join(",");
  }

  set look(text: string) {
    const [yaw, pitch, spread] = text.split(",").map(Number);
    this.scene.look(yaw ?? NaN, pitch ?? NaN, spread ?? NaN);
  }

  controls(): HTMLElement[] {
    const slider = make("input", { type: "range", min: "1", max: "14", step: "0.1", value: String(this.scene.spread) });
    slider.oninput = () => {
      this.scene.spread = Number(slider.value);
      slider.dispatchEvent(new Event("redraw", { bubbles: true }));
    };
    return [make("label", {}, "take layers apart", slider), make("span", { textContent: "drag the box to turn it" })];
  }

  /** The values at this moment, and how far the blocks are apart. */
  private moment(clock: number): { values: Float32Array; gap: number; inner: number } {
    const parts = this.episode?.parts ?? [];
    const outer = Math.min(Math.floor(clock), Math.max(parts.length - 1, 0));
    const phase = clock - outer;
    const [now, next] = [parts[outer], parts[outer + 1]];
    const blank = this.display === "signal" ? "blank" : null;
    const minus = (values: Float32Array, from: Float32Array | undefined) =>
      from ? values.map((v, p) => v - from[p]!) : values;
    if (!now) return { values: new Float32Array(this.cells), gap: 0, inner: -1 };
    const { inner } = this.model;
    if (!next || phase < PARTED || !inner) {
      const gap = next && inner ? Math.min(1, phase / PARTED) : 0;
      return { values: minus(now["state"]!, blank ? now["blank"] : undefined), gap: smooth(gap), inner: -1 };
    }
    if (phase >= TOGETHER) return { values: minus(next["state"]!, blank ? next["blank"] : undefined), gap: 0, inner: -1 };
    const t = Math.min(inner - 1, Math.floor(((phase - PARTED) / (DONE - PARTED)) * inner));
    const swept = next["inner"]!.subarray(t * this.cells, (t + 1) * this.cells);
    const gap = phase < DONE ? 1 : 1 - (phase - DONE) / (TOGETHER - DONE);
    if (blank) return { values: minus(now["state"]!, now["blank"]), gap: smooth(gap), inner: t };
    return { values: swept, gap: smooth(gap), inner: t };
  }

  draw(context: CanvasRenderingContext2D, size: Size, clock: number, palette: Palette): void {
    this.clock = clock;
    const { scene, model } = this;
    const { values, gap } = this.moment(clock);
    this.values = values;
    scene.fit(size.width, size.height);
    scene.gap = 1.2 * gap;
    const [m, n] = model.shape;
    const [bm, bn] = gap ? model.block : model.shape;
    const { right, down } = scene.steps;
    const base = context.getTransform();
    context.imageSmoothingEnabled = false;
    for (const k of scene.order) {
      this.paint(k, palette);
      for (let i = 0; i < m; i += bm) {
        for (let j = 0; j < n; j += bn) {
          const at = gap ? scene.corner(i, j, k) : scene.project(i, j, k);
          context.setTransform(base.multiply(new DOMMatrix([right.x, right.y, down.x, down.y, at.x, at.y])));
          context.drawImage(this.slice, j, i, bn, bm, 0, 0, bn, bm);
        }
      }
      context.setTransform(base);
      this.frame(context, k, palette);
    }
    context.imageSmoothingEnabled = true;
    if (this.picked >= 0) this.outline(context, palette);
    this.label(context, palette);
  }

  /** One slice as an image: colour by sign, opacity by size, so that one sees through what is still. */
  private paint(k: number, palette: Palette): void {
    const [m, n, depth] = this.model.shape;
    const context = this.slice.getContext("2d")!;
    const image = context.createImageData(n, m);
    const gain = this.display === "signal" ? 1.2 : 0.6;
    for (let p = 0; p < m * n; p++) {
      const shade = Math.tanh(gain * this.values[p * depth + k]!);
      const at = 3 * signedAt(shade);
      image.data[4 * p] = palette.signedRgb[at]!;
      image.data[4 * p + 1] = palette.signedRgb[at + 1]!;
      image.data[4 * p + 2] = palette.signedRgb[at + 2]!;
      image.data[4 * p + 3] = 14 + 241 * Math.min(1, 1.5 * shade * shade);
    }
    context.putImageData(image, 0, 0);
  }

  private frame(context: CanvasRenderingContext2D, k: number, palette: Palette): void {
    const [m, n, depth] = this.model.shape;
    const isFace = !k || k === depth - 1;
    context.beginPath();
    for (const [i, j] of [[0, 0], [0, n], [m, n], [m, 0]] as const) {
      const { x, y } = this.scene.end(i, j, k);
      context.lineTo(x, y);
    }
    context.closePath();
    context.strokeStyle = !isFace ? palette.faint : k ? palette.accent : palette.soft;
    context.lineWidth = isFace ? 1.5 : 1;
    context.stroke();
  }

  private path(context: CanvasRenderingContext2D, corners: [number, number, number][]): void {
    context.beginPath();
    for (const corner of corners) {
      const { x, y } = this.scene.project(...corner);
      context.lineTo(x, y);
    }
    context.closePath();
  }

  /** The block of the picked cell, and its halo. */
  private outline(context: CanvasRenderingContext2D, palette: Palette): void {
    const { scene, model } = this;
    const [i, j, k] = this.place(this.picked);
    const [bi, bj, bk] = model.block;
    const home = [i - (i % bi), j - (j % bj), k - (k % bk)] as const;
    const o = scene.corner(...home);
    const plain = scene.project(...home);
    context.save();
    context.translate(o.x - plain.x, o.y - plain.y);
    const box = (grow: number, colour: string, dash: number[]) => {
      const [i0, j0, k0] = [home[0] - grow, home[1] - grow, Math.max(home[2] - grow, -0.5)];
      const [i1, j1, k1] = [home[0] + bi + grow, home[1] + bj + grow, home[2] + bk - 1 + grow];
      context.strokeStyle = colour;
      context.setLineDash(dash);
      context.lineWidth = 1.4;
      for (const face of [k0, k1]) {
        this.path(context, [[i0, j0, face], [i0, j1, face], [i1, j1, face], [i1, j0, face]]);
        context.stroke();
      }
      for (const [a, b] of [[i0, j0], [i0, j1], [i1, j0], [i1, j1]] as const) {
        this.path(context, [[a, b, k0], [a, b, k1]]);
        context.stroke();
      }
    };
    box(1, palette.soft, [3, 3]);
    box(0, palette.accent, []);
    context.setLineDash([]);
    this.path(context, [[i, j, k], [i, j + 1, k], [i + 1, j + 1, k], [i + 1, j, k]]);
    context.strokeStyle = palette.ink;
    context.lineWidth = 2;
    context.stroke();
    context.restore();
  }

  private label(context: CanvasRenderingContext2D, palette: Palette): void {
    const depth = this.model.shape[2];
    context.font = "500 12px system-ui, sans-serif";
    context.textAlign = "left";
    const write = (words: string, k: number, colour: string) => {
      const { x, y } = this.scene.end(0, 0, k);
      context.fillStyle = colour;
      context.fillText(words, x, y - 6);
    };
    write("image", 0, palette.soft);
    write("answer", depth - 1, palette.accent);
  }

  scoresAt(clock: number): Float64Array | null {
    if (!this.episode) return null;
    if (clock >= this.duration && this.episode.scores) return this.episode.scores;
    const scores = this.episode.parts[Math.floor(clock)]?.["scores"];
    return scores ? Float64Array.from(scores) : null;
  }

  private place(p: number): [number, number, number] {
    const [, n, k] = this.model.shape;
    return [Math.floor(p / (n * k)), Math.floor(p / k) % n, p % k];
  }

  inspect(x: number, y: number): Inspection | null {
    const { scene, model } = this;
    const [m, n, depth] = model.shape;
    const [bm, bn] = scene.gap ? model.block : model.shape;
    const { right, down } = scene.steps;
    const size = right.x * down.y - right.y * down.x;
    let first = -1;
    this.picked = -1;
    for (const k of [...scene.order].reverse()) {
      for (let i = 0; i < m && this.picked < 0; i += bm) {
        for (let j = 0; j < n && this.picked < 0; j += bn) {
          const o = scene.gap ? scene.corner(i, j, k) : scene.project(i, j, k);
          const [dx, dy] = [x - o.x, y - o.y];
          const col = Math.floor((dx * down.y - dy * down.x) / size);
          const row = Math.floor((dy * right.x - dx * right.y) / size);
          if (col < 0 || row < 0 || col >= bn || row >= bm) continue;
          const p = ((i + row) * n + j + col) * depth + k;
          if (first < 0) first = p;
          if (Math.abs(this.values[p] ?? 0) > 0.5) this.picked = p;
        }
      }
    }
    if (this.picked < 0) this.picked = first;
    return this.inspection();
  }

  move(dx: number, dy: number): void {
    const [m, n, depth] = this.model.shape;
    const [i, j, k] = this.place(Math.max(this.picked, 0));
    const wrap = (at: number, size: number) => (at + size) % size;
    // Past the last row comes the next layer.
    const layer = i + dy >= m ? wrap(k + 1, depth) : i + dy < 0 ? wrap(k - 1, depth) : k;
    this.picked = (wrap(i + dy, m) * n + wrap(j + dx, n)) * depth + layer;
  }

  inspection(): Inspection | null {
    const p = this.picked;
    if (p < 0) return null;
    const part = this.episode?.parts[Math.min(Math.floor(this.clock), this.available)];
    return describeCell(this.model, part, p, this.place(p), this.values[p] ?? NaN);
  }

  legend(): Legend {
    return this.display === "signal"
      ? { kind: "signed", low: "−1.5", high: "+1.5" }
      : { kind: "signed", low: "−3", high: "+3" };
  }

  caption(clock: number): string {
    const { inner, outer, block } = this.model;
    if (clock >= outer) return "Done. The back face went through a linear readout.";
    const { gap, inner: t } = this.moment(clock);
    if (this.display === "signal") return "Only what the image has changed: it moves one layer per update, and faintly everywhere by the normalisation.";
    if (t >= 0 && gap > 0.98) {
      return `Blocks of ${block.join(" × ")} update by themselves (inner step ${t + 1} of ${inner}); across their borders they hear old values.`;
    }
    return gap ? "Blocks part, each with a halo of its neighbours' old values." : "Together again, normalised over the whole box.";
  }
}

function smooth(x: number): number {
  return x * x * (3 - 2 * x);
}
