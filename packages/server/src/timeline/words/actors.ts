/** Whether a `created_by` or an actor names a part of the server, and nobody. */
export function isSystemActor(id: string): boolean {
  return id === "system" || id === "autopilot" || id.startsWith("tillkeeper:");
}
