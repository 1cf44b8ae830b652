/** Where the slices and blocks of a box of cells are on the canvas: a parallel projection. */

import type { Triple } from "../model/gridnet.ts";

export interface Point {
  x: number;
  y: number;
}

export class CubeScene {
  yaw = -0.82;
  pitch = 0.3;
  /** Distance between slices, in cells. */
  spread = 4;
  /** How far blocks are apart, in cells. */
  gap = 0;
  private scale = 10;
  private centre: Point = { x: 0, y: 0 };

  constructor(readonly shape: Triple, readonly block: Triple) {
    this.spread = Math.max(1, Math.min(8, (2.2 * shape[1]) / shape[2]));
  }

  /** Fit the whole box, blocks apart and at any angle it may be turned to, into the canvas. */
  fit(width: number, height: number): void {
    const corners: Point[] = [];
    this.scale = 1;
    this.centre = { x: 0, y: 0 };
    const gap = this.gap;
    this.gap = 1.2;
    for (const i of [0, this.shape[0]]) {
      for (const j of [0, this.shape[1]]) {
        for (const k of [0, this.shape[2] - 1]) corners.push(this.end(i, j, k));
      }
    }
    this.gap = gap;
    const xs = corners.map(({ x }) => x);
    const ys = corners.map(({ y }) => y);
    const [wide, high] = [Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys)];
    this.scale = 0.94 * Math.min(width / wide, height / high);
    this.centre = {
      x: width / 2 - (this.scale * (Math.max(...xs) + Math.min(...xs))) / 2,
      y: height / 2 - (this.scale * (Math.max(...ys) + Math.min(...ys))) / 2,
    };
  }

  /** An end of the box, row, column and layer, as far out as its blocks are now. */
  end(i: number, j: number, k: number): Point {
    return this.project(...this.apart(i, j, k));
  }

  /** A lattice place moved by the gaps between the blocks. */
  private apart(i: number, j: number, k: number): [number, number, number] {
    const move = (at: number, axis: number) => {
      const count = this.shape[axis]! / this.block[axis]!;
      const home = Math.min(Math.floor(at / this.block[axis]!), count - 1);
      return at + this.gap * (home - (count - 1) / 2);
    };
    return [move(i, 0), move(j, 1), move(k, 2)];
  }

  /** Row, column and layer (fractions allowed) to the canvas. */
  project(i: number, j: number, k: number): Point {
    const x = j - this.shape[1] / 2;
    const y = i - this.shape[0] / 2;
    const z = (k - (this.shape[2] - 1) / 2) * this.spread;
    const across = x * Math.cos(this.yaw) - z * Math.sin(this.yaw);
    const deep = x * Math.sin(this.yaw) + z * Math.cos(this.yaw);
    const down = y * Math.cos(this.pitch) - deep * Math.sin(this.pitch);
    return { x: this.centre.x + this.scale * across, y: this.centre.y + this.scale * down };
  }

  /** A corner of a slice of a block: its first cell in rows, columns and layer. */
  corner(i: number, j: number, k: number): Point {
    const [bi, bj, bk] = this.block;
    const shift = (at: number, size: number, axis: number) => {
      const count = this.shape[axis]! / size;
      return this.gap * (Math.floor(at / size) - (count - 1) / 2);
    };
    return this.project(i + shift(i, bi, 0), j + shift(j, bj, 1), k + shift(k, bk, 2));
  }

  /** One cell to the right and one cell down, in canvas units. */
  get steps(): { right: Point; down: Point } {
    const o = this.project(0, 0, 0);
    const r = this.project(0, 1, 0);
    const d = this.project(1, 0, 0);
    return { right: { x: r.x - o.x, y: r.y - o.y }, down: { x: d.x - o.x, y: d.y - o.y } };
  }

  /** Layers from the farthest to the nearest. */
  get order(): number[] {
    const layers = Array.from({ length: this.shape[2] }, (_, k) => k);
    return Math.cos(this.yaw) > 0 ? layers.reverse() : layers;
  }

  turn(dx: number, dy: number): void {
    this.look(this.yaw - dx * 0.008, this.pitch + dy * 0.006, this.spread);
  }

  /** Turn to these angles within bounds; numbers that are none are ignored. */
  look(yaw: number, pitch: number, spread: number): void {
    if (![yaw, pitch, spread].every(Number.isFinite)) return;
    this.yaw = Math.max(-1.35, Math.min(1.35, yaw));
    this.pitch = Math.max(-0.2, Math.min(1.1, pitch));
    this.spread = Math.max(1, Math.min(14, spread));
  }
}
