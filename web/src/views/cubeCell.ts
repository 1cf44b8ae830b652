/** One cell of a gridnet in words and numbers. */

import type { GridnetModel, Triple } from "../model/gridnet.ts";
import type { Arrays } from "../worker/protocol.ts";
import { type Inspection, number } from "./view.ts";

export function describeCell(
  model: GridnetModel,
  part: Arrays | undefined,
  p: number,
  place: Triple,
  shown: number,
): Inspection {
  const [i, j, k] = place;
  return {
    key: String(p),
    title: `row ${i}, column ${j}, layer ${k}`,
    rows: [
      ["shown", number(shown)],
      ["after the outer step", part ? number(part["state"]![p]!) : "-"],
      ["with an empty image", part?.["blank"] ? number(part["blank"][p]!) : "-"],
      ["block", place.map((at, axis) => Math.floor(at / model.block[axis]!)).join(", ")],
      ["bias", number(model.bias[p]!)],
    ],
  };
}
