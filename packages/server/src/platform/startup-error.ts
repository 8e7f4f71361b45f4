/**
 * A reason not to start that the operator can act on: one sentence, printed without a stack, exit code 1. Thrown only
 * at start; a running server answers with `ApiError`.
 */
export class StartupError extends Error {
  override readonly name = "StartupError";
}
