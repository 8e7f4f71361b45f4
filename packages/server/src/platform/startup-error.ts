/**
 * A reason not to start that the operator can act on: one clear sentence, printed without a stack, exit code 1.
 * Thrown only while starting; a running server answers with `ApiError` instead.
 */
export class StartupError extends Error {
  override readonly name = "StartupError";
}
