// @vitest-environment node -- it reads files
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Lock {
  packages: Record<string, { resolved?: string; integrity?: string; link?: boolean }>;
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), "utf8")) as unknown;

test("the lock names no download address, so that it works behind any mirror, and a hash for every package", () => {
  const packages = Object.entries((read("package-lock.json") as Lock).packages).filter(
    ([path]) => path !== "",
  );
  expect(packages.length).toBeGreaterThan(100);
  expect(packages.filter(([, one]) => one.resolved !== undefined).map(([path]) => path)).toEqual([]);
  const lock = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");
  expect(lock.split("\n").filter((line) => line.includes("://"))).toEqual([]);
  expect(packages.filter(([, one]) => !one.integrity).map(([path]) => path)).toEqual([]);
});

test("versions are exact, and all of Mantine is one version", () => {
  const { dependencies, devDependencies } = read("package.json") as Record<string, Record<string, string>>;
  const versions = Object.entries({ ...dependencies, ...devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const mantine = versions.filter(([name]) => name.startsWith("@mantine/")).map(([, version]) => version);
  expect(new Set(mantine).size).toBe(1);
});

test("nothing that compiles code is installed", () => {
  const names = Object.keys((read("package-lock.json") as Lock).packages);
  expect(names.filter((name) => name.includes("@rjsf/validator-ajv8"))).toEqual([]);
});
