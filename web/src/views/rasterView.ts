/** Temporal networks on the canvas: a raster of spikes, wave after wave. */

import { popcount } from "../engines/tnn.ts";
import type { TnnModel } from "../model/tnn.ts";
import type { Episode } from "../worker/client.ts";
import { amountAt, type Palette } from "./palette.ts";
import { type Display, drawDigit, type Inspection, type Legend, number, type Size, type View } from "./view.ts";

const DISPLAYS: readonly Display[] = [
  { id: "raster", label: "Spikes", help: "when each cell fires, wave after wave" },
  { id: "counts", label: "Counts", help: "what the readout sees: steps left in the wave after the spike" },
  { id: "drive", label: "Drive", help: "what had reached each cell by the end of the wave, against its threshold" },
];

interface Band {
  readonly name: string;
  readonly kind: "input" | "column" | "buffer";
  readonly size: number;
  y: number;
  height: number;
}

export class RasterView implements View {
  readonly unit = "wave";
  readonly isBegun = true;
  readonly rate = 4;
  readonly lead: string;
  readonly displays = DISPLAYS;
  display = "raster";
  private episode: Episode | null = null;
  private readonly bands: Band[];
  private left = 0;
  private right = 0;
  private clock = 0;
  private picked: { band: Band; unit: number; wave: number } | null = null;

  constructor(private readonly model: TnnModel) {
    const band = (kind: Band["kind"]) => ({ name }: { name: string }) =>
      ({ name, kind, size: model.sizes[name]!, y: 0, height: 0 });
    this.bands = [
      ...model.inputs.map(band("input")),
      ...model.columns.map(band("column")),
      ...model.buffers.map(band("buffer")),
    ];
    const cells = model.columns.reduce((sum, { size }) => sum + size, 0);
    const winners = model.columns[model.columns.length - 1]?.winners;
    this.lead =
      `${cells} cells that fire at most once in a wave of ${model.length} steps` +
      (winners ? `; the first ${winners} win and silence the rest` : "") +
      ". They learned without labels; only the readout knows digits.";
  }

  get duration(): number {
    return this.model.waves;
  }

  get available(): number {
    return this.episode?.scores ? this.duration : 0;
  }

  setEpisode(episode: Episode | null): void {
    this.episode = episode;
  }

  heightFor(width: number): number {
    return width < 520 ? 460 : 560;
  }

  private lay(size: Size): void {
    const isNarrow = size.width < 520;
    this.left = isNarrow ? 60 : 128;
    this.right = size.width - 10;
    const share = (band: Band) => Math.sqrt(band.size);
    const total = this.bands.reduce((sum, band) => sum + share(band), 0);
    const room = size.height - 24 - 26 * this.bands.length;
    let y = 22;
    for (const band of this.bands) {
      band.y = y;
      band.height = (room * share(band)) / total;
      y += band.height + 26;
    }
  }

  private train(band: Band, wave: number, unit: number): number {
    return this.episode?.arrays[`train ${band.name}`]?.[wave * band.size + unit] ?? 0;
  }

  draw(context: CanvasRenderingContext2D, size: Size, clock: number, palette: Palette): void {
    this.clock = clock;
    this.lay(size);
    const { waves } = this.model;
    const wide = (this.right - this.left) / waves;
    const now = clock >= waves ? waves : Math.floor(clock);
    const until = clock >= waves ? waves : clock;
    this.drawImage(context, palette, now);
    for (const band of this.bands) {
      context.fillStyle = palette.soft;
      context.font = "500 12px system-ui, sans-serif";
      context.textAlign = "left";
      context.textBaseline = "alphabetic";
      const what = { input: "pixels of a row", column: "cells", buffer: "cells, as they were a wave ago" }[band.kind];
      context.fillText(`${band.name} · ${band.size} ${what}`, this.left, band.y - 5);
      context.fillStyle = palette.paper;
      context.fillRect(this.left, band.y, this.right - this.left, band.height);
      if (this.episode?.scores) this.drawBand(context, band, wide, until, palette);
    }
    this.drawWaves(context, size, wide, now, palette);
  }

  private drawImage(context: CanvasRenderingContext2D, palette: Palette, wave: number): void {
    if (!this.episode) return;
    const side = this.left - 16;
    const y = this.bands[0]!.y;
    drawDigit(context, this.episode.image, 2, y, side, side, () => 1, palette.ink);
    if (wave >= this.model.waves) return;
    const { crop, lines, stride } = this.model;
    const top = (28 - crop) / 2 + wave * stride;
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5;
    context.strokeRect(2, y + (top * side) / 28, side, (lines * side) / 28);
  }

  private drawBand(context: CanvasRenderingContext2D, band: Band, wide: number, until: number, palette: Palette): void {
    const { length } = this.model;
    const high = band.height / band.size;
    const step = wide / length;
    const dot = Math.max(1.6, Math.min(5, high));
    const drives = this.episode!.arrays[`drive ${band.name}`];
    const threshold = this.model.columns.find(({ name }) => name === band.name)?.threshold ?? 1;
    for (let wave = 0; wave < Math.ceil(until); wave++) {
      const x = this.left + wave * wide;
      const steps = Math.min(length, (until - wave) * length);
      for (let unit = 0; unit < band.size; unit++) {
        const train = this.train(band, wave, unit);
        const y = band.y + unit * high;
        if (this.display === "drive" && drives) {
          const drive = drives[wave * band.size + unit]!;
          context.fillStyle = palette.amount[amountAt(Math.min(1, drive / (2 * threshold)))]!;
          context.fillRect(x, y, wide * Math.min(1, until - wave) + 0.3, high + 0.3);
        }
        if (!train) continue;
        const first = Math.log2((train & -train) >>> 0);
        if (first >= steps) continue;
        if (this.display === "counts") {
          context.fillStyle = palette.amount[amountAt(popcount(train) / length)]!;
          context.fillRect(x, y, wide * Math.min(1, until - wave), Math.max(high, 1));
          continue;
        }
        const colour = band.kind === "input" ? palette.soft : band.kind === "buffer" ? "#5b9cff" : palette.accent;
        context.fillStyle = colour;
        context.globalAlpha = 0.22;
        context.fillRect(x + first * step, y + high * 0.25, (steps - first) * step, Math.max(0.5, high * 0.5));
        context.globalAlpha = 1;
        context.fillRect(x + first * step, y + high / 2 - dot / 2, dot, dot);
      }
    }
  }

  private drawWaves(context: CanvasRenderingContext2D, size: Size, wide: number, now: number, palette: Palette): void {
    const { waves } = this.model;
    context.strokeStyle = palette.faint;
    context.lineWidth = 1;
    context.beginPath();
    for (let wave = 0; wave <= waves; wave++) {
      const x = this.left + wave * wide;
      for (const band of this.bands) {
        context.moveTo(x, band.y);
        context.lineTo(x, band.y + band.height);
      }
    }
    context.stroke();
    context.fillStyle = palette.soft;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    const every = wide < 14 ? 7 : 4;
    for (let wave = 0; wave < waves; wave += every) {
      context.fillText(String(wave), this.left + (wave + 0.5) * wide, size.height - 6);
    }
    if (now < waves && this.clock > 0) {
      context.strokeStyle = palette.accent;
      context.lineWidth = 1.5;
      const x = this.left + this.clock * wide;
      context.beginPath();
      context.moveTo(x, this.bands[0]!.y);
      context.lineTo(x, size.height - 20);
      context.stroke();
    }
    if (!this.picked) return;
    const { band, unit, wave } = this.picked;
    const high = band.height / band.size;
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.5;
    context.strokeRect(this.left + wave * wide, band.y + unit * high - 1, wide, Math.max(high, 2) + 2);
  }

  scoresAt(clock: number): Float64Array | null {
    const { model, episode } = this;
    if (!episode?.scores) return null;
    if (clock >= this.duration) return episode.scores;
    if (!model.readsAll) return new Float64Array(10);
    const scores = Float64Array.from(model.bias);
    const width = model.weight.length / scores.length;
    let feature = 0;
    for (let wave = 0; wave < Math.floor(clock); wave++) {
      for (const name of model.read) {
        const size = model.sizes[name]!;
        const trains = episode.arrays[`train ${name}`]!;
        for (let i = 0; i < size; i++, feature++) {
          const count = popcount(trains[wave * size + i]!) / model.scale;
          if (count) for (let c = 0; c < scores.length; c++) scores[c]! += count * model.weight[c * width + feature]!;
        }
      }
    }
    return scores;
  }

  inspect(x: number, y: number): Inspection | null {
    this.picked = null;
    const { waves } = this.model;
    const wave = Math.floor(((x - this.left) / (this.right - this.left)) * waves);
    for (const band of this.bands) {
      const unit = Math.floor(((y - band.y) / band.height) * band.size);
      if (wave >= 0 && wave < waves && unit >= 0 && unit < band.size) this.picked = { band, unit, wave };
    }
    return this.inspection();
  }

  move(dx: number, dy: number): void {
    const start = this.bands.find(({ kind }) => kind === "column") ?? this.bands[0]!;
    const { band, unit, wave } = this.picked ?? { band: start, unit: 0, wave: 0 };
    const { waves } = this.model;
    this.picked = { band, unit: (unit + dy + band.size) % band.size, wave: (wave + dx + waves) % waves };
  }

  inspection(): Inspection | null {
    if (!this.picked) return null;
    const { band, unit, wave } = this.picked;
    const train = this.train(band, wave, unit);
    const first = train ? Math.log2((train & -train) >>> 0) : -1;
    const drive = this.episode?.arrays[`drive ${band.name}`]?.[wave * band.size + unit];
    const column = this.model.columns.find(({ name }) => name === band.name);
    const incoming = this.model.links.find(({ target }) => target === band.name);
    const rows: [string, string][] = [["fires at step", first < 0 ? "silent" : String(first)], ["count", String(popcount(train))]];
    if (column && drive !== undefined) rows.push(["drive / threshold", `${number(drive, 1)} / ${column.threshold}`]);
    if (column && incoming) {
      const from = this.model.sizes[incoming.source]!;
      const weights = Array.from({ length: from }, (_, i) => incoming.weight[i * column.size + unit]!);
      const most = Math.max(...weights, 1e-9);
      const bars = weights.filter((_, i) => from <= 28 || i % Math.ceil(from / 28) === 0);
      rows.push(["weights", bars.map((w) => "▁▂▃▄▅▆▇█"[Math.min(7, Math.floor((8 * w) / (most + 1e-9)))]).join("")]);
    }
    return { key: `${band.name} ${unit}`, title: `${band.name} ${unit} · wave ${wave}`, rows };
  }

  legend(): Legend {
    if (this.display === "drive") return { kind: "amount", low: "0", high: "2 thresholds" };
    if (this.display === "counts") return { kind: "amount", low: "0", high: `${this.model.length} steps` };
    return { kind: "none", low: "", high: "" };
  }

  caption(clock: number): string {
    const { waves, winners } = { waves: this.duration, winners: this.model.columns[0]?.winners };
    if (clock >= waves) return "All waves are over. The readout has counted the spikes.";
    const rule = winners ? `the first ${winners} cells to reach their threshold win` : "cells fire at their threshold";
    return `Wave ${Math.floor(clock) + 1} of ${waves}: bright pixels fire early, ${rule}, the buffer keeps them for the next wave.`;
  }
}
