/**
 * Addresses of this server. They are complete only once it listens, because it may choose another port than the
 * default.
 */
export interface OwnAddresses {
  url: () => string;
  /** Resolves with the URL once it is known. */
  known: () => Promise<string>;
  /** Hosts that an audience may name: the documented ones and all of the server's own. */
  acceptedHosts: () => ReadonlySet<string>;
  /**
   * Whether the origin that a device has addressed is this server's. Origins of this server are: the configured ones,
   * the one it listens on, and the local address of the request's connection. Headers of the request do not count,
   * because a server in between could forward a request that was meant for it.
   */
  isOwn: (origin: string, reached?: Reached) => boolean;
  listening(port: number): void;
}

/** The local end of a connection, as its socket reports it. */
export interface Reached {
  localAddress?: string | undefined;
  localPort?: number | undefined;
}

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];

interface Settings {
  http: { host: string };
  publicUrl: string | undefined;
  audienceHosts: readonly string[];
  /** Further hosts by which devices may address this server. */
  furtherHosts?: readonly string[];
}

/** Collects the server's addresses from its settings and, once `listening` is called, from its port. */
export function ownAddresses({ http, publicUrl, audienceHosts, furtherHosts = [] }: Settings): OwnAddresses {
  let url = publicUrl ?? "";
  let hosts: ReadonlySet<string> = new Set(audienceHosts);
  let origins: ReadonlySet<string | undefined> = new Set();
  const known = Promise.withResolvers<string>();
  if (publicUrl) known.resolve(publicUrl);
  return {
    url: () => url,
    known: () => known.promise,
    acceptedHosts: () => hosts,
    isOwn(origin, { localAddress, localPort } = {}) {
      if (origins.has(origin)) return true;
      return localAddress !== undefined && origin === originOf(`http://${bracketed(localAddress)}:${localPort}`);
    },
    listening(port) {
      const host = bracketed(http.host);
      // A wildcard address cannot be called.
      const callable = ["0.0.0.0", "[::]"].includes(host) ? "127.0.0.1" : host;
      url = publicUrl ?? `http://${callable}:${port}`;
      const own = [callable, ...(loopbackNames.includes(callable) ? loopbackNames : [])].map(
        (name) => `${name}:${port}`,
      );
      hosts = new Set([...audienceHosts, ...own, new URL(url).host]);
      const listened = own.map((name) => `http://${name}`);
      const further = furtherHosts.flatMap((name) => [`http://${name}`, `https://${name}`]);
      origins = new Set([url, ...listened, ...further].map(originOf));
      known.resolve(url);
    },
  };
}

/** Host as it stands in a URL: IPv6 in brackets, IPv4-mapped IPv6 as IPv4. */
function bracketed(host: string): string {
  const address = host.replace(/^::ffff:(?=\d+\.)/i, "");
  return address.includes(":") ? `[${address}]` : address;
}

/** Undefined for an address that no URL can name: a port above 65535, or a zone (`fe80::1%eth0`). */
function originOf(address: string): string | undefined {
  return URL.parse(address)?.origin;
}
