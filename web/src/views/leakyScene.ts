/** Where the cells of a leaky network are on the canvas: a turned grid, rosettes, or as given. */

import type { LeakyModel } from "../model/leaky.ts";

export interface Place {
  x: number;
  y: number;
}

/** Positions in units of one cell; the image and the readouts have their places too. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
  readonly cells: Place[];
  /** Where channel c enters, for each cell and slot that it feeds. */
  readonly entries: { x: number; y: number; cell: number; slot: number; channel: number }[];
  readonly image: { x: number; y: number; width: number; height: number };
  readonly ports: Place[];
  readonly labels: "right" | "below";
  readonly isBeamed: boolean;
}

export function sceneOf(model: LeakyModel, isNarrow: boolean): Scene {
  if (model.layout === "grid") return gridScene(model);
  if (model.layout === "forest") return forestScene(model, isNarrow ? 3 : 4);
  if (model.layout === "layers") return layersScene(model);
  return freeScene(model);
}

/** Channel i comes in from above at column i; classes are read at the right edge. */
function gridScene(model: LeakyModel): Scene {
  const { wiring } = model;
  const cells: Place[] = [];
  let [across, down] = [0, 0];
  for (let k = 0; k < wiring.cells; k++) {
    const place = { x: wiring.coordinates[2 * k + 1]! + 1.5, y: wiring.coordinates[2 * k]! + 15.9 };
    cells.push(place);
    across = Math.max(across, place.x);
    down = Math.max(down, place.y);
  }
  return {
    width: across + 5.2,
    height: down + 1,
    radius: 0.4,
    cells,
    entries: entriesAt(model, (k) => ({ x: cells[k]!.x, y: 14.8 })),
    image: { x: 1, y: 0.6, width: across, height: 13.6 },
    ports: portsOf(model, cells),
    labels: "right",
    isBeamed: true,
  };
}

/** Each tree around its root: the channels on the rim, the answer in the middle. */
function forestScene(model: LeakyModel, columns: number): Scene {
  const { wiring } = model;
  const tile = 10;
  const roots = Array.from({ length: wiring.classes }, (_, c) => wiring.ports[c * wiring.members]!);
  const cells: Place[] = Array.from({ length: wiring.cells }, () => ({ x: 0, y: 0 }));
  const scene: Scene["entries"] = [];
  const most = Math.max(...wiring.depth);
  roots.forEach((root, tree) => {
    const at = tree + 1; // the first tile is the digit
    const centre = { x: (at % columns) * tile + tile / 2, y: Math.floor(at / columns) * tile + tile / 2 };
    const spans = new Map<number, [number, number]>([[root, [-Math.PI / 2, 1.5 * Math.PI]]]);
    for (let k = root; k >= 0; k--) {
      const span = spans.get(k);
      if (!span) continue;
      const ring = k === root ? 0 : (most - wiring.depth[k]!) / (most + 1);
      const angle = (span[0] + span[1]) / 2;
      cells[k] = { x: centre.x + 4.1 * ring * Math.cos(angle), y: centre.y + 4.1 * ring * Math.sin(angle) };
      spread(model, k, span, spans, (f, channel, turn) => {
        scene.push({ cell: k, slot: f, channel, x: centre.x + 4.35 * Math.cos(turn), y: centre.y + 4.35 * Math.sin(turn) });
      });
    }
  });
  return {
    width: columns * tile,
    height: Math.ceil((wiring.classes + 1) / columns) * tile,
    radius: 0.3,
    cells,
    entries: scene,
    image: { x: 1.2, y: 1.2, width: 7.6, height: 7.6 },
    ports: portsOf(model, cells),
    labels: "below",
    isBeamed: false,
  };
}

/** Shares a cell's angle among its inputs in proportion to their leaves. */
function spread(
  model: LeakyModel,
  k: number,
  span: [number, number],
  spans: Map<number, [number, number]>,
  onChannel: (slot: number, channel: number, angle: number) => void,
): void {
  const { pred, channel, slots } = model.wiring;
  const leaves = (cell: number): number => {
    let count = 0;
    for (let f = 0; f < slots; f++) {
      const p = pred[cell * slots + f]!;
      if (p >= 0) count += leaves(p);
      else if (channel[cell * slots + f]! >= 0) count++;
    }
    return count;
  };
  const total = leaves(k);
  let from = span[0];
  for (let f = 0; f < slots; f++) {
    const p = pred[k * slots + f]!;
    const c = channel[k * slots + f]!;
    const share = p >= 0 ? leaves(p) : c >= 0 ? 1 : 0;
    const to = from + ((span[1] - span[0]) * share) / Math.max(total, 1);
    if (p >= 0) spans.set(p, [from, to]);
    else if (c >= 0) onChannel(f, c, (from + to) / 2);
    from = to;
  }
}

/** Layers below the image, channel i above column i; the classes stand at the right. */
function layersScene(model: LeakyModel): Scene {
  const { wiring } = model;
  const xs = Array.from({ length: wiring.cells }, (_, k) => wiring.coordinates[2 * k]!);
  const left = Math.min(...xs);
  const apart = 3;
  const cells = xs.map((x, k) => ({ x: x - left + 1.5, y: wiring.coordinates[2 * k + 1]! * apart + 17 }));
  const across = Math.max(...cells.map((cell) => cell.x));
  const down = Math.max(...cells.map((cell) => cell.y));
  const each = (across - 0.5) / wiring.channels;
  const entries = entriesAt(model, () => ({ x: 0, y: 14.8 })).map((entry) => ({
    ...entry,
    x: 1 + (entry.channel + 0.5) * each,
  }));
  return {
    width: across + 5.2,
    height: down + 1.5,
    radius: 0.4,
    cells,
    entries,
    image: { x: 1, y: 0.6, width: across - 0.5, height: 13.6 },
    ports: portsBeside(wiring.classes, across, 16, down),
    labels: "right",
    isBeamed: true,
  };
}

/** A place for the score of each class at the right, one below the other. */
function portsBeside(classes: number, x: number, top: number, bottom: number): Place[] {
  const apart = Math.max((bottom - top) / Math.max(classes - 1, 1), 1);
  return Array.from({ length: classes }, (_, c) => ({ x, y: top + c * apart }));
}

/** Side by side in rows, the classes at the right. */
function freeScene(model: LeakyModel): Scene {
  const { wiring } = model;
  const columns = Math.ceil(Math.sqrt(wiring.cells * 2));
  const cells = Array.from({ length: wiring.cells }, (_, k) => ({
    x: (k % columns) * 2 + 13,
    y: Math.floor(k / columns) * 2 + 1.5,
  }));
  const rows = Math.ceil(wiring.cells / columns);
  const across = columns * 2 + 12;
  return {
    width: across + 5.2,
    height: Math.max(rows * 2 + 2, 12),
    radius: 0.7,
    cells,
    entries: [],
    image: { x: 1, y: 1, width: 10, height: 10 },
    ports: portsBeside(wiring.classes, across, 1.5, Math.max(rows * 2 - 0.5, 11)),
    labels: "right",
    isBeamed: false,
  };
}

function entriesAt(model: LeakyModel, place: (cell: number) => Place): Scene["entries"] {
  const { cells, slots, channel } = model.wiring;
  const found: Scene["entries"] = [];
  for (let k = 0; k < cells; k++) {
    for (let f = 0; f < slots; f++) {
      const c = channel[k * slots + f]!;
      if (c >= 0) found.push({ ...place(k), cell: k, slot: f, channel: c });
    }
  }
  return found;
}

function portsOf(model: LeakyModel, cells: Place[]): Place[] {
  const { classes, members, ports } = model.wiring;
  return Array.from({ length: classes }, (_, c) => cells[ports[c * members]!]!);
}
