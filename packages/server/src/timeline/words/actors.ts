/** Whether a `created_by` or an actor names a part of the server, and nobody. */
export function isSystemActor(id: string): boolean {
  return id === "system" || id === "autopilot" || id.startsWith("tillkeeper:");
}

/** Whether it can be a client of the account, which may have a name. */
export function isClient(id: string): boolean {
  return !isSystemActor(id) && id !== "device" && !id.includes("/") && !id.startsWith("terminal:");
}
