/** What the page needs of a way to look at one family. */

import type { Episode } from "../worker/client.ts";
import type { RunOptions } from "../worker/protocol.ts";
import type { Palette } from "./palette.ts";

export interface Display {
  readonly id: string;
  readonly label: string;
  readonly help: string;
}

/** What the pointer, or the keyboard, is on. */
export interface Inspection {
  readonly key: string;
  readonly title: string;
  readonly rows: readonly (readonly [string, string])[];
}

export interface Legend {
  readonly kind: "signed" | "amount" | "none";
  readonly low: string;
  readonly high: string;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What a view's own controls may do. */
export interface ControlsContext {
  /** Run again with other options. */
  set(options: RunOptions): void;
  /** A sample digit of a class. */
  samples(label: number): Uint8Array | null;
  /** How it runs now. */
  readonly options: RunOptions;
}

export interface View {
  /** Length of the clock, in `unit`s. */
  readonly duration: number;
  readonly unit: string;
  /** Whether the clock names the unit that runs, not how many are over. */
  readonly isBegun?: boolean;
  /** Whether scores are numbers of votes. */
  readonly isVote?: boolean;
  /** How it is turned, as text for a link; setting what is no such text does nothing. */
  look?: string;
  /** One or two sentences under the title. */
  readonly lead: string;
  /** Units per second at speed 1. */
  readonly rate: number;
  readonly displays: readonly Display[];
  display: string;
  /** How far the clock may go by now. */
  readonly available: number;
  setEpisode(episode: Episode | null): void;
  heightFor(width: number): number;
  draw(context: CanvasRenderingContext2D, size: Size, clock: number, palette: Palette): void;
  /** Class scores so far, or null before there are any. */
  scoresAt(clock: number): Float64Array | null;
  inspect(x: number, y: number): Inspection | null;
  /** Move the inspected place by keyboard. */
  move(dx: number, dy: number): void;
  /** What was inspected last. */
  inspection(): Inspection | null;
  legend(): Legend;
  caption(clock: number): string;
  /** Controls of its own; `set` runs the network again with other options. */
  controls?(context: ControlsContext): HTMLElement[];
  /** The class of the digit that is shown at a moment, given that of the first. */
  labelAt?(clock: number, label: number | null): number | null;
  /** True when a drag turns the view instead of being ignored. */
  drag?(dx: number, dy: number): boolean;
}

export function number(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "-";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(2);
  return value.toFixed(digits);
}

/** A 28x28 image drawn into a rectangle, ink on paper. */
export function drawDigit(
  context: CanvasRenderingContext2D,
  image: Uint8Array,
  x: number,
  y: number,
  width: number,
  height: number,
  alpha: (row: number) => number,
  ink: string,
): void {
  const [dx, dy] = [width / 28, height / 28];
  context.fillStyle = ink;
  for (let r = 0; r < 28; r++) {
    const shade = alpha(r);
    for (let c = 0; c < 28; c++) {
      const value = image[r * 28 + c]!;
      if (!value) continue;
      context.globalAlpha = (shade * value) / 255;
      context.fillRect(x + c * dx, y + r * dy, dx + 0.5, dy + 0.5);
    }
  }
  context.globalAlpha = 1;
}
