/** Colours of the present theme, as tables that a drawing loop can index. */

type Rgb = readonly [number, number, number];

export interface Palette {
  readonly isDark: boolean;
  readonly ink: string;
  readonly soft: string;
  readonly faint: string;
  readonly paper: string;
  readonly card: string;
  readonly accent: string;
  readonly good: string;
  /** -1 .. 1 in 256 steps. */
  readonly signed: readonly string[];
  readonly signedRgb: Uint8Array;
  /** 0 .. 1 in 256 steps. */
  readonly amount: readonly string[];
  readonly amountRgb: Uint8Array;
}

const STOPS: Record<"dark" | "light", { signed: Rgb[]; amount: Rgb[] }> = {
  dark: {
    signed: [[128, 200, 255], [58, 134, 255], [30, 58, 110], [27, 32, 46], [110, 56, 24], [255, 138, 48], [255, 222, 150]],
    amount: [[27, 32, 46], [44, 62, 112], [36, 120, 140], [70, 184, 130], [190, 224, 92], [255, 246, 190]],
  },
  light: {
    signed: [[10, 58, 130], [36, 110, 210], [150, 190, 236], [238, 240, 244], [250, 190, 150], [222, 88, 24], [130, 34, 4]],
    amount: [[238, 240, 244], [178, 208, 224], [92, 164, 178], [34, 122, 118], [14, 78, 82], [6, 40, 48]],
  },
};

function ramp(stops: readonly Rgb[]): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const n = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      table[3 * i + c] = stops[n]![c]! + (at - n) * (stops[n + 1]![c]! - stops[n]![c]!);
    }
  }
  return table;
}

function css(table: Uint8Array): string[] {
  return Array.from({ length: 256 }, (_, i) => `rgb(${table.subarray(3 * i, 3 * i + 3).join(",")})`);
}

export function readPalette(root: HTMLElement): Palette {
  const style = getComputedStyle(root);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const isDark = colour("scheme") === "dark";
  const stops = STOPS[isDark ? "dark" : "light"];
  const [signedRgb, amountRgb] = [ramp(stops.signed), ramp(stops.amount)];
  return {
    isDark,
    ink: colour("ink"),
    soft: colour("soft"),
    faint: colour("faint"),
    paper: colour("paper"),
    card: colour("card"),
    accent: colour("accent"),
    good: colour("good"),
    signed: css(signedRgb),
    signedRgb,
    amount: css(amountRgb),
    amountRgb,
  };
}

/** Index into a signed table for a value in -1..1. */
export function signedAt(value: number): number {
  return Math.max(0, Math.min(255, Math.round(127.5 + 127.5 * value)));
}

/** Index into an amount table for a value in 0..1. */
export function amountAt(value: number): number {
  return Math.max(0, Math.min(255, Math.round(255 * value)));
}
