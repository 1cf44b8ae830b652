/** The keyboard. */

import type { App } from "../app.ts";
import { byId } from "./dom.ts";

export function listenToKeys(app: App): void {
  document.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || target.closest("dialog, select")) return;
    // A slider keeps the keys that move it.
    if (/^(Arrow|Home|End|Page)/.test(event.key) && target.closest("input[type=range]")) return;
    if (event.key === " " && target.closest("button, input[type=checkbox]")) return;
    if (act(app, event)) event.preventDefault();
  });
}

function act(app: App, event: KeyboardEvent): boolean {
  const arrows: Record<string, [number, number]> = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  };
  const arrow = arrows[event.key];
  if (arrow && event.altKey) app.stage.step(...arrow);
  else if (arrow?.[0]) app.player.step(arrow[0]);
  else if (event.altKey) return false;
  else if (/^[0-9]$/.test(event.key)) {
    const sample = app.samples.ofClass(Number(event.key));
    if (sample) app.pick(sample);
  } else {
    const actions: Record<string, () => void> = {
      " ": () => app.player.toggle(),
      Home: () => app.player.seek(0),
      End: () => app.player.seek(app.player.duration),
      "[": () => app.player.faster(-1),
      "]": () => app.player.faster(1),
      c: () => app.clear(),
      v: () => nextDisplay(app),
      n: () => nextModel(app),
      t: () => app.switchTheme(),
      l: () => void app.share(),
      "?": () => byId<HTMLDialogElement>("keys").showModal(),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return false;
    action();
  }
  return true;
}

function nextDisplay(app: App): void {
  if (!app.view) return;
  const ids = app.view.displays.map(({ id }) => id);
  app.show(ids[(ids.indexOf(app.view.display) + 1) % ids.length]!);
}

function nextModel(app: App): void {
  const at = app.entries.findIndex((entry) => entry === app.entry);
  const next = app.entries[(at + 1) % app.entries.length];
  if (next) void app.open(next);
}
