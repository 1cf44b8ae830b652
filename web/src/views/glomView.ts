/** GLOM on the canvas: each level a map whose colours are its vectors, and the vote of the sites. */

import { voteAt } from "../engines/glom.ts";
import type { GlomModel } from "../model/glom.ts";
import { make } from "../ui/dom.ts";
import type { Episode } from "../worker/client.ts";
import { agreement, islands, principal } from "./islands.ts";
import type { Palette } from "./palette.ts";
import {
  type ControlsContext, type Display, drawDigit, type Inspection, type Legend, type Size, type View,
} from "./view.ts";

const DISPLAYS: readonly Display[] = [
  { id: "islands", label: "Islands", help: "colour is the vector; lines where neighbours disagree" },
  { id: "agreement", label: "Agreement", help: "how well each site agrees with its neighbours" },
];
const AGREES = 0.9;
const VOTES = ["#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#7f8c9b"];

interface Tile {
  readonly title: string;
  readonly level: number; // -1 the image, -2 the votes
  x: number;
  y: number;
  size: number;
}

export class GlomView implements View {
  readonly unit = "step";
  readonly rate: number;
  readonly lead: string;
  readonly displays = DISPLAYS;
  display = "islands";
  private episode: Episode | null = null;
  private readonly sites: number;
  private readonly tiles: Tile[];
  private bases: ReturnType<typeof principal>[] | null = null;
  private basesOf: unknown = null;
  private clock = 0;
  private picked: { tile: Tile; site: number } | null = null;

  constructor(private readonly model: GlomModel) {
    const { rows, cols, levels, steps } = model;
    this.sites = rows * cols;
    this.rate = Math.max(1.5, steps / 8);
    const names = Array.from({ length: levels }, (_, l) =>
      l === 0 ? "level 0 · pixels" : l === levels - 1 ? `level ${l} · class` : `level ${l}`,
    );
    this.tiles = [
      { title: "image", level: -1, x: 0, y: 0, size: 0 },
      ...names.map((title, level) => ({ title, level, x: 0, y: 0, size: 0 })),
      { title: "vote of the sites", level: -2, x: 0, y: 0, size: 0 },
    ];
    this.lead =
      `${rows} × ${cols} columns of ${levels} vectors. Small nets that all columns share pass messages up, down and ` +
      `sideways until the columns agree on a class.`;
  }

  get duration(): number {
    return this.model.steps * (this.episode?.options.second ? 2 : 1);
  }

  get available(): number {
    return Math.max(0, (this.episode?.parts.length ?? 0) - 1);
  }

  setEpisode(episode: Episode | null): void {
    this.episode = episode;
  }

  private get columns(): number {
    return this.isNarrow ? 2 : 3;
  }

  private isNarrow = false;

  heightFor(width: number): number {
    this.isNarrow = width < 520;
    const size = width / this.columns;
    return Math.ceil(this.tiles.length / this.columns) * (size + 6);
  }

  get isVote(): boolean {
    return this.model.verdict === "vote";
  }

  labelAt(clock: number, label: number | null): number | null {
    const options = this.episode?.options;
    return options?.second && clock > this.model.steps ? (options.secondLabel ?? null) : label;
  }

  controls({ set, samples, options }: ControlsContext): HTMLElement[] {
    const choice = make("select", {}, make("option", { value: "", textContent: "nothing" }));
    for (let c = 0; c < 10; c++) choice.append(make("option", { value: String(c), textContent: `a ${c}` }));
    choice.value = options.second ? String(options.secondLabel ?? "") : "";
    choice.onchange = () => {
      const secondLabel = Number(choice.value);
      const second = choice.value ? samples(secondLabel) : null;
      set(second ? { second, secondLabel } : { second: undefined, secondLabel: undefined });
    };
    return [make("label", {}, "then, mid-run, change the digit to", choice)];
  }

  private stateAt(clock: number): Float32Array | null {
    return this.episode?.parts[Math.min(Math.floor(clock), this.available)]?.["state"] ?? null;
  }

  private vector(state: Float32Array, level: number, site: number): Float64Array {
    const { length } = this.model;
    return Float64Array.from({ length }, (_, c) => state[(level * length + c) * this.sites + site]!);
  }

  /** Colours are fixed by the last state, so that they do not flicker while it settles. */
  private basis(level: number): ReturnType<typeof principal> {
    const last = this.episode!.parts[this.available]!["state"]!;
    if (this.basesOf !== last || !this.bases) {
      this.basesOf = last;
      this.bases = Array.from({ length: this.model.levels }, (_, l) =>
        principal(Array.from({ length: this.sites }, (_, site) => this.vector(last, l, site)), this.model.length),
      );
    }
    return this.bases[level]!;
  }

  draw(context: CanvasRenderingContext2D, size: Size, clock: number, palette: Palette): void {
    this.clock = clock;
    const tileSize = size.width / this.columns;
    const state = this.stateAt(clock);
    this.tiles.forEach((tile, n) => {
      tile.size = tileSize - 22;
      tile.x = (n % this.columns) * tileSize + 11;
      tile.y = Math.floor(n / this.columns) * (tileSize + 6) + 20;
      context.fillStyle = palette.soft;
      context.font = "500 12px system-ui, sans-serif";
      context.textAlign = "left";
      context.textBaseline = "alphabetic";
      context.fillText(this.titleOf(tile, state), tile.x, tile.y - 6);
      context.fillStyle = palette.paper;
      context.fillRect(tile.x, tile.y, tile.size, tile.size);
      if (tile.level === -1) this.drawImage(context, tile, palette);
      else if (state && tile.level === -2) this.drawVotes(context, tile, state, palette);
      else if (state) this.drawLevel(context, tile, state, palette);
    });
    if (this.picked) {
      const { tile, site } = this.picked;
      const { x, y, w, h } = this.cell(tile, site);
      context.strokeStyle = palette.ink;
      context.lineWidth = 2;
      context.strokeRect(x, y, w, h);
    }
  }

  private titleOf(tile: Tile, state: Float32Array | null): string {
    if (!state || tile.level < 1 || this.display !== "islands") return tile.title;
    const count = this.islandsOf(state, tile.level).count;
    return `${tile.title} · ${count} island${count > 1 ? "s" : ""}`;
  }

  private islandsOf(state: Float32Array, level: number) {
    const vectors = Array.from({ length: this.sites }, (_, site) => this.vector(state, level, site));
    return islands(this.model.rows, this.model.cols, (a, b) => agreement(vectors[a]!, vectors[b]!) >= AGREES);
  }

  private cell(tile: Tile, site: number): { x: number; y: number; w: number; h: number } {
    const { rows, cols } = this.model;
    const [w, h] = [tile.size / cols, tile.size / rows];
    return { x: tile.x + (site % cols) * w, y: tile.y + Math.floor(site / cols) * h, w, h };
  }

  private drawImage(context: CanvasRenderingContext2D, tile: Tile, palette: Palette): void {
    const { episode, model } = this;
    if (!episode) return;
    const second = episode.options.second;
    const image = second && this.clock > model.steps ? second : episode.image;
    drawDigit(context, image, tile.x, tile.y, tile.size, tile.size, () => 1, palette.ink);
  }

  private drawLevel(context: CanvasRenderingContext2D, tile: Tile, state: Float32Array, palette: Palette): void {
    const { rows, cols } = this.model;
    const vectors = Array.from({ length: this.sites }, (_, site) => this.vector(state, tile.level, site));
    const near = (site: number): number[] => {
      const [i, j] = [Math.floor(site / cols), site % cols];
      return [[i, j + 1], [i + 1, j], [i, j - 1], [i - 1, j]]
        .filter(([a, b]) => a! >= 0 && b! >= 0 && a! < rows && b! < cols)
        .map(([a, b]) => a! * cols + b!);
    };
    for (let site = 0; site < this.sites; site++) {
      const { x, y, w, h } = this.cell(tile, site);
      if (this.display === "agreement") {
        const around = near(site);
        const mean = around.reduce((sum, other) => sum + agreement(vectors[site]!, vectors[other]!), 0) / around.length;
        context.fillStyle = palette.amount[Math.max(0, Math.round(255 * mean))]!;
      } else context.fillStyle = this.colour(vectors[site]!, tile.level);
      context.fillRect(x, y, w + 0.6, h + 0.6);
    }
    if (this.display !== "islands" || !tile.level) return;
    context.strokeStyle = palette.isDark ? "#ffffff" : "#000000";
    context.lineWidth = 1.4;
    context.beginPath();
    for (let site = 0; site < this.sites; site++) {
      const { x, y, w, h } = this.cell(tile, site);
      if ((site + 1) % cols && agreement(vectors[site]!, vectors[site + 1]!) < AGREES) {
        context.moveTo(x + w, y);
        context.lineTo(x + w, y + h);
      }
      if (site + cols < this.sites && agreement(vectors[site]!, vectors[site + cols]!) < AGREES) {
        context.moveTo(x, y + h);
        context.lineTo(x + w, y + h);
      }
    }
    context.stroke();
  }

  private colour(vector: Float64Array, level: number): string {
    const { mean, axes } = this.basis(level);
    const along = axes.map((axis) => axis.reduce((sum, a, c) => sum + a * (vector[c]! - mean[c]!), 0));
    const size = Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0)) + 1e-6;
    const light = (n: number) => Math.round(134 + 95 * Math.tanh((0.7 * (along[n] ?? 0)) / size));
    return `rgb(${light(0)},${light(1)},${light(2)})`;
  }

  private drawVotes(context: CanvasRenderingContext2D, tile: Tile, state: Float32Array, palette: Palette): void {
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let site = 0; site < this.sites; site++) {
      const { x, y, w, h } = this.cell(tile, site);
      const vote = voteAt(this.model, state, site);
      context.fillStyle = VOTES[vote] ?? palette.faint;
      context.fillRect(x, y, w + 0.6, h + 0.6);
      if (w < 11) continue;
      context.fillStyle = "#ffffff";
      context.font = `600 ${Math.round(0.55 * h)}px system-ui, sans-serif`;
      context.fillText(String(vote), x + w / 2, y + h / 2 + 0.5);
    }
  }

  scoresAt(clock: number): Float64Array | null {
    if (!this.episode) return null;
    if (clock >= this.duration && this.episode.scores) return this.episode.scores;
    const scores = this.episode.parts[Math.min(Math.floor(clock), this.available)]?.["scores"];
    return scores ? Float64Array.from(scores) : null;
  }

  inspect(x: number, y: number): Inspection | null {
    this.picked = null;
    const { rows, cols } = this.model;
    for (const tile of this.tiles) {
      const col = Math.floor(((x - tile.x) / tile.size) * cols);
      const row = Math.floor(((y - tile.y) / tile.size) * rows);
      if (col >= 0 && row >= 0 && col < cols && row < rows) this.picked = { tile, site: row * cols + col };
    }
    return this.inspection();
  }

  move(dx: number, dy: number): void {
    const { rows, cols } = this.model;
    const { tile, site } = this.picked ?? { tile: this.tiles[2]!, site: 0 };
    const row = (Math.floor(site / cols) + dy + rows) % rows;
    this.picked = { tile, site: row * cols + ((site + dx + cols) % cols) };
  }

  inspection(): Inspection | null {
    const state = this.stateAt(this.clock);
    if (!this.picked || !state) return null;
    const { tile, site } = this.picked;
    const level = Math.max(0, tile.level === -2 ? this.model.levels - 1 : tile.level);
    const vector = this.vector(state, level, site);
    const shown = (from: number) => Array.from(vector.slice(from, from + 5), (v) => v.toFixed(2)).join("  ");
    return {
      key: `${tile.title} ${site}`,
      title: `row ${Math.floor(site / this.model.cols)}, column ${site % this.model.cols} · level ${level}`,
      rows: [
        ["vector", shown(0)],
        ["", shown(5)],
        ["votes for", String(voteAt(this.model, state, site))],
      ],
    };
  }

  legend(): Legend {
    return this.display === "agreement" ? { kind: "amount", low: "0", high: "1" } : { kind: "none", low: "", high: "" };
  }

  caption(clock: number): string {
    if (this.episode?.options.second && clock > this.model.steps && clock < this.duration) {
      return "Another digit: the columns go on from where the first one left them.";
    }
    if (this.display === "agreement") return "Cosine between a site's vector and its neighbours'.";
    return clock >= this.duration
      ? "Settled. Sites of one colour hold one vector; lines are borders of islands."
      : "Each step every vector hears the level below, its neighbours, and the level above.";
  }
}
