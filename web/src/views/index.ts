/** Which view shows which family. */

import type { Model } from "../model/manifest.ts";
import { LeakyView } from "./leakyView.ts";
import type { View } from "./view.ts";

export function viewOf(model: Model): View {
  switch (model.family) {
    case "leaky":
      return new LeakyView(model);
  }
}
