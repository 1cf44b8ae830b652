/** Which view shows which family. */

import type { Model } from "../model/manifest.ts";
import { CubeView } from "./cubeView.ts";
import { GlomView } from "./glomView.ts";
import { LeakyView } from "./leakyView.ts";
import { RasterView } from "./rasterView.ts";
import type { View } from "./view.ts";

export function viewOf(model: Model): View {
  switch (model.family) {
    case "leaky":
      return new LeakyView(model);
    case "gridnet":
      return new CubeView(model);
    case "glom":
      return new GlomView(model);
    case "tnn":
      return new RasterView(model);
  }
}
