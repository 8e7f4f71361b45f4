import { fileURLToPath } from "node:url";
import { release } from "./release.ts";
import { ReleaseError } from "./version.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const [next] = process.argv.slice(2);

if (next === undefined) {
  console.error("npm run release -- NEXT: commits and tags this version, and begins the version NEXT");
  process.exitCode = 2;
} else {
  try {
    const { version, tag, commit } = release({ root, next, day: new Date().toISOString().slice(0, 10) });
    console.log(
      [
        `${version} is the commit ${commit}, tagged ${tag}. Now, from that tag:`,
        `  git checkout ${tag} && npm run pack:all -- FOLDER`,
        "  npm publish each tarball, and attach all files of the folder to the release",
        `  git push origin ${tag} and the branch`,
      ].join("\n"),
    );
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
