import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settings } from "@tillkeeper/server/config/settings";
import * as apps from "kubernetes-models/apps/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as core from "kubernetes-models/v1";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { root, run } from "../support.ts";

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string };
}

const manifests = parseAllDocuments(readFileSync(join(root, "deploy/kubernetes/tillkeeper.yaml"), "utf8")).map(
  (document) => document.toJS() as Manifest,
);
const compose = join(root, "deploy/compose/compose.yaml");

/** The names of settings anywhere in a document. */
function settingsIn(document: unknown): string[] {
  return JSON.stringify(document).match(/\b(?:TILLKEEPER|DATABASE|MQTT)_[A-Z_]+\b/g) ?? [];
}

const models: Readonly<Record<string, object>> = {
  v1: core,
  "apps/v1": apps,
  "policy/v1": policy,
  "networking.k8s.io/v1": networking,
};
const knownSettings = Object.keys(settings);

describe("the manifests for Kubernetes", () => {
  it("has one of each kind", () => {
    expect(manifests.map(({ kind }) => kind)).toEqual([
      "ConfigMap",
      "ServiceAccount",
      "Deployment",
      "Service",
      "PodDisruptionBudget",
      "NetworkPolicy",
    ]);
  });

  it.each(manifests.map((manifest) => [manifest.kind, manifest] as const))("%s is valid", (kind, manifest) => {
    const Model = (models[manifest.apiVersion] as Record<string, new (data: object) => { validate: () => void }>)[kind];
    if (!Model) throw new Error(`there is no ${kind} in ${manifest.apiVersion}`);
    new Model(manifest).validate();
    // The models' check can fail.
    expect(() => new Model({ ...manifest, metadata: { name: 7 } }).validate()).toThrow();
  });

  it("names settings that there are", () => {
    for (const name of manifests.flatMap(settingsIn)) expect(knownSettings).toContain(name);
  });
});

describe("the compose file", () => {
  it("is read by docker-compose, which asks for the password", async () => {
    await expect(run(root, "docker-compose", "-f", compose, "config")).rejects.toThrow(
      "is missing in deploy/compose/.env",
    );
    const shown = parse(await run(root, "env", "DATABASE_PASSWORD=secret", "docker-compose", "-f", compose, "config"));
    expect(shown.services.server).toMatchObject({ read_only: true, cap_drop: ["ALL"] });
    for (const name of settingsIn(shown.services.server.environment)) expect(knownSettings).toContain(name);
  });
});

describe("the unit of systemd", () => {
  it("is accepted, and keeps the program in", async () => {
    const unit = join(root, "deploy/systemd/tillkeeper.service");
    const said = await run(root, "sh", "-c", `systemd-analyze verify ${unit} 2>&1 || true`);
    expect(said.trim()).toMatch(/^tillkeeper\.service: Command \S+ is not executable: No such file or directory$/);
    const report = await run(root, "systemd-analyze", "security", "--offline=true", "--threshold=30", unit);
    expect(report).toContain("Overall exposure level");
  });
});
