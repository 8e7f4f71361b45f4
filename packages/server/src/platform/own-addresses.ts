/** Where this server is reached; known in full only once it listens, because a default port may be stepped around. */
export interface OwnAddresses {
  url: () => string;
  /** The same, once it is known. */
  known: () => Promise<string>;
  /** Hosts that an audience may name: the documented ones and every way to say our own. */
  acceptedHosts: () => ReadonlySet<string>;
  listening(port: number): void;
}

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];

interface Settings {
  http: { host: string };
  publicUrl: string | undefined;
  audienceHosts: readonly string[];
}

export function ownAddresses({ http, publicUrl, audienceHosts }: Settings): OwnAddresses {
  let url = publicUrl ?? "";
  let hosts: ReadonlySet<string> = new Set(audienceHosts);
  const known = Promise.withResolvers<string>();
  if (publicUrl) known.resolve(publicUrl);
  return {
    url: () => url,
    known: () => known.promise,
    acceptedHosts: () => hosts,
    listening(port) {
      const host = http.host.includes(":") ? `[${http.host}]` : http.host;
      // An address that means "all of them" is no address to call.
      const callable = ["0.0.0.0", "[::]"].includes(host) ? "127.0.0.1" : host;
      url = publicUrl ?? `http://${callable}:${port}`;
      const own = [callable, ...(loopbackNames.includes(callable) ? loopbackNames : [])].map(
        (name) => `${name}:${port}`,
      );
      hosts = new Set([...audienceHosts, ...own, new URL(url).host]);
      known.resolve(url);
    },
  };
}
