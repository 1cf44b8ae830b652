/** The state of the page as the part of its address after "#": everything to see the same again. */

import type { App } from "../app.ts";
import { byId } from "./dom.ts";
import { chosenTheme } from "./theme.ts";

export interface Shared {
  readonly model: string;
  readonly image: Uint8Array | null;
  readonly label: number | null;
  readonly clock: number | null;
  readonly display: string | null;
  readonly theme: "dark" | "light" | null;
  readonly speed: number | null;
  /** The digit that takes over mid-run, and its class. */
  readonly second: Uint8Array | null;
  readonly secondLabel: number | null;
  /** How a view is turned, in its own words. */
  readonly look: string | null;
}

/** Runs of zeros as (0, length), then base64url. */
export function packImage(image: Uint8Array): string {
  const bytes: number[] = [];
  for (let i = 0; i < image.length; i++) {
    bytes.push(image[i]!);
    if (image[i]) continue;
    let run = 1;
    while (run < 255 && image[i + run] === 0) run++;
    bytes.push(run);
    i += run - 1;
  }
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The image, or null where the text is not one. */
export function unpackImage(text: string): Uint8Array | null {
  const image = new Uint8Array(784);
  let bytes: string;
  try {
    bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const value = bytes.charCodeAt(i);
    if (value) {
      if (at >= 784) return null;
      image[at++] = value;
    } else {
      const run = bytes.charCodeAt(++i);
      if (!(run > 0) || at + run > 784) return null;
      at += run;
    }
  }
  return at === 784 ? image : null;
}

export function writeLink(state: Shared): string {
  const words = new URLSearchParams({ model: state.model });
  if (state.image) words.set("image", packImage(state.image));
  if (state.label !== null) words.set("label", String(state.label));
  if (state.clock !== null) words.set("t", state.clock.toFixed(2));
  if (state.display) words.set("show", state.display);
  if (state.theme) words.set("theme", state.theme);
  if (state.speed !== null && state.speed !== 1) words.set("speed", String(state.speed));
  if (state.second) words.set("then", packImage(state.second));
  if (state.second && state.secondLabel !== null) words.set("thenlabel", String(state.secondLabel));
  if (state.look) words.set("look", state.look);
  return `#${words}`;
}

export function readLink(hash: string): Shared {
  const words = new URLSearchParams(hash.slice(1));
  const whole = (name: string, most: number) => {
    const value = Number(words.get(name) ?? NaN);
    return value >= 0 && value <= most ? value : null;
  };
  const theme = words.get("theme");
  const image = (name: string) => {
    const packed = words.get(name);
    return packed && packed.length < 4000 ? unpackImage(packed) : null;
  };
  return {
    model: words.get("model") ?? "",
    image: image("image"),
    label: whole("label", 9),
    clock: whole("t", 1e6),
    display: words.get("show"),
    theme: theme === "dark" || theme === "light" ? theme : null,
    speed: whole("speed", 4),
    second: image("then"),
    secondLabel: whole("thenlabel", 9),
    look: words.get("look"),
  };
}

/** All that a link needs to show the same again. */
export function sharedOf({ entry, image, label, player, view, options }: App): Shared {
  return {
    model: entry?.name ?? "",
    image,
    label,
    clock: player.clock,
    display: view?.display ?? null,
    theme: chosenTheme(),
    speed: player.speed,
    second: options.second ?? null,
    secondLabel: options.secondLabel ?? null,
    look: view?.look ?? null,
  };
}

/** Put the link into the address and, where the browser allows it, on the clipboard. */
export async function copyLink(state: Shared): Promise<void> {
  history.replaceState(null, "", writeLink(state));
  const button = byId("share");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "See address";
  }
  setTimeout(() => (button.textContent = "Copy link"), 1500);
}
