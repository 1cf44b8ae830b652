/** Buttons for what the cells show, and the controls that a view brings of its own. */

import type { ControlsContext, View } from "../views/view.ts";
import { byId, make } from "./dom.ts";

export function listDisplays(
  view: View,
  onShow: (id: string) => void,
  context: ControlsContext,
): void {
  const offered = view.displays.length < 2 ? [] : view.displays;
  byId("displays").replaceChildren(
    ...offered.map(({ id, label, help }) => {
      const button = make("button", { textContent: label, title: help, onclick: () => onShow(id) });
      button.setAttribute("role", "radio");
      button.dataset["display"] = id;
      return button;
    }),
  );
  byId("extras").replaceChildren(...(view.controls?.(context) ?? []));
}

export function markDisplay(display: string): void {
  for (const button of byId("displays").children as HTMLCollectionOf<HTMLElement>) {
    button.setAttribute("aria-checked", String(button.dataset["display"] === display));
  }
}
