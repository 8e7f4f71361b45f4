/** Whether a `created_by` or an actor names a part of the server, not a person or client. */
export function isSystemActor(id: string): boolean {
  return id === "system" || id === "autopilot" || id.startsWith("tillkeeper:");
}
