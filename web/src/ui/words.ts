/** What the page says in words: the model, what computes it, and what went wrong. */

import type { Model } from "../model/manifest.ts";
import { byId } from "./dom.ts";

export function tellModel({ about }: Model, lead: string): void {
  byId("title").textContent = about.title;
  byId("lead").textContent = lead;
  const accuracy = about.accuracy === null ? "" : `${(100 * about.accuracy).toFixed(1)} % `;
  const size = `${about.parameters.toLocaleString("en")} parameters`;
  byId("facts").textContent =
    `${about.summary} · ${size} · ${accuracy}${about.accuracyNote} · source: ${about.source}`;
}

export function tellBackend(backend: "webgpu" | "cpu", why: string): void {
  const place = byId("backend");
  place.dataset["backend"] = backend;
  place.textContent =
    backend === "webgpu" ? `Computed by WebGPU on ${why}` : `Computed by the CPU: ${why}`;
}

/** Nothing to say hides the place. */
export function tellProblem(message: string): void {
  const place = byId("problem");
  place.textContent = message;
  place.hidden = !message;
}
