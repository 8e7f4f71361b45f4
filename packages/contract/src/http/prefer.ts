import { Type } from "typebox";

export const PreferWait = Type.Object({
  Prefer: Type.Optional(Type.String({ examples: ["wait=30"], description: "`wait=N`." })),
});
