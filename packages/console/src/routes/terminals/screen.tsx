import { createLazyRoute } from "@tanstack/react-router";

export const Screen = createLazyRoute("/$account/stores/$store/terminals")({ component: () => null });
