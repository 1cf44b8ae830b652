import { expect, test } from "vitest";
import { packImage, readLink, unpackImage, writeLink } from "../src/ui/link.ts";
import { centred } from "../src/ui/pad.ts";

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

test("centring scales to 20 pixels around the centre of mass", () => {
  const moved = centred(stroke);
  let [mass, row] = [0, 0];
  moved.forEach((value, i) => {
    mass += value;
    row += value * Math.floor(i / 28);
  });
  expect(row / mass).toBeCloseTo(13.5, 0);
  const rows = new Set([...moved].flatMap((value, i) => (value > 64 ? [Math.floor(i / 28)] : [])));
  expect(rows.size).toBeGreaterThan(17);
  expect(rows.size).toBeLessThan(23);
  expect(centred(new Uint8Array(784))).toEqual(new Uint8Array(784));
});
