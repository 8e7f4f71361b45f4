import type { Plugin } from "vite";

/**
 * Has the page announce files that its first script asks for later, so that the browser fetches them at once. The style sheet goes
 * before them: with it the page can be painted.
 */
export function preloaded(...names: string[]): Plugin {
  return {
    name: "preloaded",
    transformIndexHtml: {
      order: "post",
      handler: (_html, { bundle = {} }) =>
        Object.values(bundle)
          .filter((file) => file.type === "chunk" && names.includes(file.name))
          .map(({ fileName }) => ({
            tag: "link",
            attrs: { rel: "modulepreload", fetchpriority: "low", crossorigin: true, href: `/${fileName}` },
            injectTo: "head" as const,
          })),
    },
  };
}
