/** Where this server is reached; known in full only once it listens, because a default port may be stepped around. */
export interface OwnAddresses {
  url: () => string;
  /** The same, once it is known. */
  known: () => Promise<string>;
  /** Hosts that an audience may name: the documented ones and every way to say our own. */
  acceptedHosts: () => ReadonlySet<string>;
  /**
   * Whether a device that was asked for this origin meant this server: it is configured, or where the server listens, or
   * the address that the request's connection came to. What a request says of itself does not count, because a server in
   * between could say it, too.
   */
  isOwn: (origin: string, reached?: Reached) => boolean;
  listening(port: number): void;
}

/** The end of a connection at this server, as its socket tells it. */
export interface Reached {
  localAddress?: string | undefined;
  localPort?: number | undefined;
}

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];

interface Settings {
  http: { host: string };
  publicUrl: string | undefined;
  audienceHosts: readonly string[];
  /** Hosts that devices, too, may know this server by. */
  furtherHosts?: readonly string[];
}

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
      // An address that means "all of them" is no address to call.
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

/** IPv6 as it stands in a URL; IPv4 in the form of IPv6 as what it is. */
function bracketed(host: string): string {
  const address = host.replace(/^::ffff:(?=\d+\.)/i, "");
  return address.includes(":") ? `[${address}]` : address;
}

/** Undefined for what no URL can name: a port above 65535, or an address with a zone (`fe80::1%eth0`). */
function originOf(address: string): string | undefined {
  return URL.parse(address)?.origin;
}
