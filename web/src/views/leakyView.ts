/** The leaky family on the canvas: a digit streams in, activity sweeps, outputs add up. */

import type { Layout, LeakyModel } from "../model/leaky.ts";
import type { Episode } from "../worker/client.ts";
import { sceneOf, type Scene } from "./leakyScene.ts";
import { describeCell } from "./leakyCell.ts";
import { amountAt, type Palette, signedAt } from "./palette.ts";
import { type Display, drawDigit, type Inspection, type Legend, type Size, type View } from "./view.ts";

const DISPLAYS: readonly Display[] = [
  { id: "outputs", label: "Output", help: "y = tanh(s + b), what a cell tells its neighbours" },
  { id: "states", label: "State", help: "s, the filter's memory" },
  { id: "traces", label: "Traces", help: "eligibility: how a cell's weights have moved its state" },
  { id: "messages", label: "Messages", help: "dL/dy, the error passed back from neighbour to neighbour" },
];
const FAINTEST = 1e-6;

/** How a row gets through the network, after "Row 3 of 28". */
const PATHS: Record<Layout, string> = {
  grid: " enters from above and sweeps the lattice diagonally within the step.",
  forest: ": pixels on the rim, ten roots in the middle, one for each class.",
  layers: " enters from above and passes all layers within the step.",
  free: ": every cell sees columns of its own, and none hears another.",
};

export class LeakyView implements View {
  readonly unit = "row";
  readonly isBegun = true;
  readonly rate = 6;
  readonly displays = DISPLAYS;
  readonly lead: string;
  display = "outputs";
  private episode: Episode | null = null;
  private scene: Scene;
  private isNarrow = false;
  private scale = 1;
  private clock = 0;
  private picked = -1;

  constructor(private readonly model: LeakyModel) {
    this.scene = sceneOf(model, false);
    const { cells, maxDepth } = model.wiring;
    const start = `${cells} leaky filters, each wired to its neighbours alone.`;
    this.lead =
      model.layout === "forest"
        ? `${start} One tree for each class: pixels come in at the rim, the root in the middle is the answer.`
        : `${start} At each step one image row comes in, crosses up to ${maxDepth + 1} cells, and ten of them are read.`;
  }

  get duration(): number {
    return this.model.input.steps;
  }

  get available(): number {
    return this.episode?.scores ? this.duration : 0;
  }

  setEpisode(episode: Episode | null): void {
    this.episode = episode;
  }

  heightFor(width: number): number {
    const isNarrow = width < 520;
    if (isNarrow !== this.isNarrow) {
      this.isNarrow = isNarrow;
      this.scene = sceneOf(this.model, isNarrow);
    }
    return (this.scene.height / this.scene.width) * width;
  }

  /** The step that a cell shows: the sweep has reached it, or it still shows the step before. */
  private stepOf(cell: number): number {
    const { wiring, input } = this.model;
    if (this.clock >= input.steps) return input.steps - 1;
    const whole = Math.floor(this.clock);
    const front = (this.clock - whole) * (wiring.maxDepth + 2);
    return wiring.depth[cell]! < front ? whole : whole - 1;
  }

  private valueOf(cell: number): number {
    const step = this.stepOf(cell);
    const values = this.episode?.arrays[this.display];
    return step < 0 || !values ? 0 : values[step * this.model.wiring.cells + cell]!;
  }

  /** Onto -1..1 (or 0..1 for amounts); messages span many decades, so they go by logarithm. */
  private shade(value: number): number {
    if (this.display === "states") return Math.tanh(value / 3);
    if (this.display === "traces") return Math.sqrt(Math.min(1, value / 6));
    if (this.display === "messages") {
      const size = Math.log10(Math.max(Math.abs(value), FAINTEST) / FAINTEST) / 6;
      return Math.sign(value) * Math.min(1, size);
    }
    return value;
  }

  private colour(cell: number, palette: Palette): string {
    const shade = this.shade(this.valueOf(cell));
    return this.display === "traces" ? palette.amount[amountAt(shade)]! : palette.signed[signedAt(shade)]!;
  }

  draw(context: CanvasRenderingContext2D, size: Size, clock: number, palette: Palette): void {
    this.clock = clock;
    this.scale = size.width / this.scene.width;
    context.save();
    context.scale(this.scale, this.scale);
    this.drawImage(context, palette);
    this.drawEdges(context, palette);
    this.drawCells(context, palette);
    this.drawReadouts(context, palette);
    context.restore();
  }

  private drawImage(context: CanvasRenderingContext2D, palette: Palette): void {
    const { image, isBeamed } = this.scene;
    const { perStep } = this.model.input;
    context.fillStyle = palette.card;
    context.beginPath();
    context.roundRect(image.x, image.y, image.width, image.height, 0.4);
    context.fill();
    if (!this.episode) return;
    const row = perStep === 28 ? Math.min(Math.floor(this.clock), 27) : -1;
    const isOver = this.clock >= this.duration;
    drawDigit(context, this.episode.image, image.x, image.y, image.width, image.height,
      (r) => (isOver || row < 0 || r <= row ? 1 : 0.38), palette.ink);
    if (row < 0 || isOver) return;
    const y = image.y + ((row + 0.5) * image.height) / 28;
    if (isBeamed) this.drawBeams(context, y, row);
    context.strokeStyle = palette.accent;
    context.lineWidth = 0.12;
    context.strokeRect(image.x, image.y + (row * image.height) / 28, image.width, image.height / 28);
  }

  private drawBeams(context: CanvasRenderingContext2D, y: number, row: number): void {
    const pixels = this.episode!.image;
    const glow = context.createLinearGradient(0, y, 0, 15);
    glow.addColorStop(0, "rgba(255,176,64,.0)");
    glow.addColorStop(1, "rgba(255,176,64,.85)");
    context.strokeStyle = glow;
    context.lineWidth = 0.26;
    for (const entry of this.scene.entries) {
      const value = pixels[row * 28 + entry.channel]!;
      if (!value) continue;
      context.globalAlpha = value / 255;
      context.beginPath();
      context.moveTo(entry.x, y);
      context.lineTo(entry.x, 15.2);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  private drawEdges(context: CanvasRenderingContext2D, palette: Palette): void {
    const { wiring } = this.model;
    const { cells, entries } = this.scene;
    const weights = this.episode?.arrays["weights"] ?? this.model.params.weight;
    const outputs = this.episode?.arrays["outputs"];
    const inputs = this.episode?.arrays["inputs"];
    context.lineCap = "round";
    const line = (x0: number, y0: number, x1: number, y1: number, weight: number, flow: number) => {
      context.strokeStyle = flow ? palette.signed[signedAt(Math.tanh(flow))]! : palette.faint;
      context.lineWidth = Math.min(0.24, 0.04 + 0.09 * Math.abs(weight));
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    };
    for (let k = 0; k < wiring.cells; k++) {
      const step = this.stepOf(k);
      for (let f = 0; f < wiring.slots; f++) {
        const i = k * wiring.slots + f;
        const p = wiring.pred[i]!;
        if (p < 0) continue;
        const sent = step >= 0 && outputs ? outputs[step * wiring.cells + p]! : 0;
        line(cells[p]!.x, cells[p]!.y, cells[k]!.x, cells[k]!.y, weights[i]!, weights[i]! * sent);
      }
    }
    for (const entry of entries) {
      const step = this.stepOf(entry.cell);
      const value = step >= 0 && inputs ? inputs[step * wiring.channels + entry.channel]! : 0;
      const weight = weights[entry.cell * wiring.slots + entry.slot]!;
      const to = cells[entry.cell]!;
      line(entry.x, entry.y, to.x, to.y, weight, (weight * value) / 4);
      if (this.scene.isBeamed) continue;
      context.fillStyle = value > 0.4 ? palette.accent : palette.faint;
      context.globalAlpha = Math.max(0.35, Math.min(1, value / 10));
      context.beginPath();
      context.arc(entry.x, entry.y, 0.17, 0, 7);
      context.fill();
      context.globalAlpha = 1;
    }
  }

  private drawCells(context: CanvasRenderingContext2D, palette: Palette): void {
    const { wiring } = this.model;
    const whole = Math.floor(this.clock);
    const front = (this.clock - whole) * (wiring.maxDepth + 2);
    const isMoving = this.clock > 0 && this.clock < this.duration;
    for (let k = 0; k < wiring.cells; k++) {
      const { x, y } = this.scene.cells[k]!;
      const radius = k === this.picked ? this.scene.radius * 1.25 : this.scene.radius;
      context.fillStyle = this.colour(k, palette);
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
      context.fill();
      const isFront = isMoving && Math.abs(wiring.depth[k]! + 0.5 - front) < 0.75;
      if (isFront || k === this.picked) {
        context.strokeStyle = k === this.picked ? palette.accent : palette.ink;
        context.lineWidth = k === this.picked ? 0.16 : 0.08;
        context.stroke();
      }
    }
  }

  private drawReadouts(context: CanvasRenderingContext2D, palette: Palette): void {
    const scores = this.scoresAt(this.clock);
    const best = scores ? scores.indexOf(Math.max(...scores)) : -1;
    const isRight = this.scene.labels === "right";
    context.textAlign = isRight ? "left" : "center";
    context.textBaseline = "middle";
    this.scene.ports.forEach((port, c) => {
      const isBest = c === best && this.clock > 0;
      context.fillStyle = isBest ? palette.accent : palette.soft;
      context.font = `${isBest ? 700 : 500} ${isRight ? 0.86 : 1.3}px system-ui, sans-serif`;
      const [x, y] = isRight ? [port.x + 3.05, port.y + 0.04] : [port.x - 4.2, port.y - 4.1];
      context.fillText(String(c), x, y);
      if (!isRight || !scores) return;
      const reach = Math.max(...scores.map(Math.abs), 1);
      const length = (scores[c]! / reach) * 1.1;
      context.fillStyle = palette.signed[signedAt(scores[c]! / reach)]!;
      context.fillRect(port.x + 1.75, port.y - 0.26, length, 0.52);
      context.fillStyle = palette.faint;
      context.fillRect(port.x + 1.72, port.y - 0.4, 0.05, 0.8);
    });
  }

  scoresAt(clock: number): Float64Array | null {
    const outputs = this.episode?.arrays["outputs"];
    if (!outputs || !this.episode?.scores) return null;
    if (clock >= this.duration) return this.episode.scores;
    const { cells, classes, members, ports, signs } = this.model.wiring;
    const sums = new Float64Array(classes);
    for (let t = 0; t < Math.floor(clock); t++) {
      for (let c = 0; c < classes; c++) {
        for (let i = c * members; i < (c + 1) * members; i++) {
          sums[c]! += this.model.readoutGain * signs[i]! * outputs[t * cells + ports[i]!]!;
        }
      }
    }
    return sums;
  }

  inspect(x: number, y: number): Inspection | null {
    const [ux, uy] = [x / this.scale, y / this.scale];
    const reach = Math.max(this.scene.radius * 1.4, 8 / this.scale);
    let nearest = reach * reach;
    this.picked = -1;
    this.scene.cells.forEach((cell, k) => {
      const distance = (cell.x - ux) ** 2 + (cell.y - uy) ** 2;
      if (distance < nearest) {
        nearest = distance;
        this.picked = k;
      }
    });
    return this.inspection();
  }

  move(dx: number, dy: number): void {
    const at = this.scene.cells[Math.max(this.picked, 0)]!;
    let best = Infinity;
    let chosen = Math.max(this.picked, 0);
    this.scene.cells.forEach((cell, k) => {
      const [ex, ey] = [cell.x - at.x, cell.y - at.y];
      const along = ex * dx + ey * dy;
      const cost = along + 3 * Math.abs(ex * dy - ey * dx);
      if (along > 1e-6 && cost < best) {
        best = cost;
        chosen = k;
      }
    });
    this.picked = chosen;
  }

  inspection(): Inspection | null {
    return this.picked < 0 ? null : describeCell(this.model, this.episode, this.picked, this.stepOf(this.picked));
  }

  legend(): Legend {
    if (this.display === "traces") return { kind: "amount", low: "0", high: "6" };
    if (this.display === "messages") return { kind: "signed", low: "−1 (log)", high: "+1 (log)" };
    if (this.display === "states") return { kind: "signed", low: "−9", high: "+9" };
    return { kind: "signed", low: "−1", high: "+1" };
  }

  caption(clock: number): string {
    if (clock >= this.duration) return "All rows are in. The class with the largest sum of outputs wins.";
    if (clock <= 0) return "One image row per step. Press play.";
    return `Row ${Math.floor(clock) + 1} of ${this.duration}${PATHS[this.model.layout]}`;
  }
}
