/** One leaky cell in words and numbers. */

import type { LeakyModel } from "../model/leaky.ts";
import type { Episode } from "../worker/client.ts";
import { type Inspection, number } from "./view.ts";

const MOST_WEIGHTS = 4;

export function describeCell(
  model: LeakyModel,
  episode: Episode | null,
  k: number,
  step: number,
): Inspection {
  const { wiring, params, layout } = model;
  const at = (name: string) => {
    const values = episode?.arrays[name];
    return step < 0 || !values ? "-" : number(values[step * wiring.cells + k]!);
  };
  const weights = episode?.arrays["weights"] ?? params.weight;
  const from = k * wiring.slots;
  const shown = Math.min(wiring.slots, MOST_WEIGHTS);
  const own = Array.from(weights.slice(from, from + shown), (w) => number(w, 2));
  const [column, row] = wiring.coordinates.subarray(2 * k, 2 * k + 2);
  const place = layout === "grid" ? `row ${row}, column ${column}` : `depth ${wiring.depth[k]}`;
  return {
    key: String(k),
    title: `cell ${k} · ${place}`,
    rows: [
      ["output y", at("outputs")],
      ["state s", at("states")],
      ["trace", at("traces")],
      ["message", at("messages")],
      ["weights", own.join("  ") + (wiring.slots > shown ? " …" : "")],
      ["time constant", `${number(1e3 * Math.exp(params.logTau[k]!), 2)} ms`],
      ["bias", number(params.bias[k]!, 3)],
    ],
  };
}
