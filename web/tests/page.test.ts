import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { centred } from "../src/ui/framing.ts";
import { packImage, readLink, unpackImage, writeLink } from "../src/ui/link.ts";

const stroke = new Uint8Array(784);
for (let r = 2; r < 9; r++) stroke[r * 28 + 4] = 255;

test("an image survives its link", () => {
  const noise = Uint8Array.from({ length: 784 }, (_, i) => (i * 7919) % 256);
  for (const image of [stroke, noise, new Uint8Array(784)]) {
    expect(unpackImage(packImage(image))).toEqual(image);
  }
});

test.each(["", "!", "AAAA", "A", packImage(stroke).slice(0, 5), `${packImage(stroke)}_w`])(
  "a garbled image %s is none",
  (text) => expect(unpackImage(text)).toBeNull(),
);

test("a link restores the view", () => {
  const state = { model: "trees", image: stroke, label: 1, clock: 12.5, display: "traces", theme: "dark" as const,
    speed: 2, second: stroke, secondLabel: 4, look: "0.10,0.20,3.00" };
  expect(readLink(writeLink(state))).toEqual(state);
  expect(readLink("#t=-1&label=12&theme=x")).toEqual({
    model: "", image: null, label: null, clock: null, display: null, theme: null, speed: null, second: null,
    secondLabel: null, look: null,
  });
});

const FRAMING = new URL("fixtures/framing.json", import.meta.url);
const framing: { name: string; drawn: number[]; framed: number[] }[] = JSON.parse(readFileSync(FRAMING, "utf8"));

test.each(framing)("a drawing ($name) is framed as Python does", ({ drawn, framed }) => {
  const made = centred(Uint8Array.from(drawn));
  // Sums in another order may fall on the other side of a half.
  made.forEach((value, i) => expect(Math.abs(value - framed[i]!)).toBeLessThanOrEqual(1));
});
