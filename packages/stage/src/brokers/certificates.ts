import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface Certificate {
  /** The path of the authority's own certificate. */
  caFile: string;
  certFile: string;
  keyFile: string;
}

/** A private certificate authority, created by openssl in a temporary folder. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), "tillkeeper-ca-"));
  readonly caFile = join(this.#folder, "ca.pem");
  #count = 0;

  constructor() {
    this.#openssl(
      "req",
      "-x509",
      ...this.#newKey("ca-key.pem"),
      "-subj",
      "/CN=tests",
      "-days",
      "2",
      "-out",
      this.caFile,
    );
  }

  get ca(): string {
    return readFileSync(this.caFile, "utf8");
  }

  /** Issues a certificate for a subject alternative name, for example `IP:127.0.0.1` or `DNS:broker.example`. */
  issue(name: string): Certificate {
    const of = (file: string) => join(this.#folder, `${(this.#count += 1)}-${file}`);
    const [keyFile, request, certFile, extensions] = [of("key.pem"), of("request"), of("cert.pem"), of("extensions")];
    writeFileSync(extensions, `subjectAltName=${name}\n`);
    this.#openssl("req", ...this.#newKey(keyFile), "-subj", "/CN=broker", "-out", request);
    const by = ["-CA", this.caFile, "-CAkey", join(this.#folder, "ca-key.pem"), "-set_serial", String(this.#count)];
    this.#openssl("x509", "-req", "-in", request, ...by, "-days", "2", "-extfile", extensions, "-out", certFile);
    return { caFile: this.caFile, certFile, keyFile };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #newKey(file: string): string[] {
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", resolve(this.#folder, file)];
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: "ignore", cwd: this.#folder });
  }
}
