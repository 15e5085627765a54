// Copies what comes from packages into ../files: scripts, font and licences as
// they are, and the icons named in icons.txt as one sprite. It also writes
// vendored.json, which a test compares with the files.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const files = join(here, "..", "files");
const e2e = join(here, "..", "..", "e2e");
const text = (path) => readFileSync(path, "utf8");
const sha256 = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
const manifest = (name) => JSON.parse(text(join(modules, name, "package.json")));

// [package, file in the package, name in ../files]
const copies = [
  ["htmx.org", "dist/htmx.min.js", "htmx.min.js"],
  ["htmx.org", "dist/ext/hx-sse.min.js", "hx-sse.min.js"],
  ["htmx.org", "LICENSE", "htmx.LICENSE.txt"],
  ["@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2", "inter.woff2"],
  ["@fontsource-variable/inter", "LICENSE", "inter.LICENSE.txt"],
  ["lucide-static", "LICENSE", "lucide.LICENSE.txt"],
  ["daisyui", "LICENSE", "daisyui.LICENSE.txt"],
  ["tailwindcss", "LICENSE", "tailwindcss.LICENSE.txt"],
];

const vendored = copies.map(([name, from, to]) => {
  copyFileSync(join(modules, name, from), join(files, to));
  const { version, license } = manifest(name);
  return { file: to, package: name, version, license, sha256: sha256(join(files, to)) };
});
writeFileSync(join(files, "vendored.json"), JSON.stringify(vendored, null, 2) + "\n");

// The accessibility checker runs in browser tests only.
copyFileSync(join(modules, "axe-core", "axe.min.js"), join(e2e, "axe.min.js"));
copyFileSync(join(modules, "axe-core", "LICENSE"), join(e2e, "axe.LICENSE"));

const icons = text(join(here, "icons.txt")).split("\n").map((line) => line.trim()).filter(Boolean);
const symbols = icons.map((name) => {
  const svg = text(join(modules, "lucide-static", "icons", `${name}.svg`));
  const shapes = svg.replace(/<!--[\s\S]*?-->/g, "").match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1];
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`;
});
writeFileSync(join(files, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);

// The font's address contains its hash, as package static computes it.
const hash = sha256(join(files, "inter.woff2")).slice(0, 12);
writeFileSync(join(here, "font.css"), `@font-face {
  font-family: "Inter";
  font-style: normal;
  font-weight: 100 900;
  font-display: swap;
  src: url("/static/${hash}/inter.woff2") format("woff2");
  unicode-range: U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+0304, U+0308, U+0329, U+2000-206F, U+20AC, U+2122, U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD;
}
`);
