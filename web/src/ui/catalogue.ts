/** The models that the server has, fetched when they are first looked at. */

import { type Family, type Model, readModel } from "../model/manifest.ts";
import { isRecord, MAX_FILE, ModelError } from "../model/safetensors.ts";

export interface Entry {
  readonly path: string;
  readonly name: string;
  readonly family: Family;
  readonly title: string;
}

const PATH = /^models\/[\w.-]+$/;

export async function listModels(): Promise<Entry[]> {
  const answer: unknown = await (await fetch("models.json")).json();
  if (!Array.isArray(answer)) throw new ModelError("the server's list of models is not a list");
  return answer.filter(isRecord).map((entry) => {
    const path = String(entry["path"]);
    if (!PATH.test(path)) throw new ModelError(`the server lists a model at "${path}"`);
    return {
      path,
      name: String(entry["name"]),
      family: String(entry["family"]) as Family,
      title: String(entry["title"]),
    };
  });
}

export async function loadModel(entry: Entry): Promise<Model> {
  const [manifest, weights] = await Promise.all([
    download(`${entry.path}.json`),
    download(`${entry.path}.safetensors`),
  ]);
  let said: unknown;
  try {
    said = JSON.parse(new TextDecoder().decode(manifest));
  } catch {
    throw new ModelError(`${entry.name}: the manifest is not JSON text`);
  }
  return readModel(said, weights);
}

async function download(path: string): Promise<ArrayBuffer> {
  const answer = await fetch(path);
  if (!answer.ok) throw new ModelError(`${path} cannot be fetched (status ${answer.status})`);
  if (Number(answer.headers.get("content-length") ?? 0) > MAX_FILE) {
    throw new ModelError(`${path} is larger than ${MAX_FILE} bytes`);
  }
  return answer.arrayBuffer();
}
